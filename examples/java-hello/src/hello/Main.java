package hello;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** An HTTP server that says hello, from the JDK's own server. */
public final class Main {
    public static void main(String[] args) throws IOException {
        HttpServer server = HttpServer.create(address(System.getenv("ADDRESS")), 0);
        byte[] greeting = Greeting.text().getBytes(StandardCharsets.UTF_8);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, greeting.length);
            try (var body = exchange.getResponseBody()) {
                body.write(greeting);
            }
        });
        server.start();
        System.err.println("listening on " + server.getAddress());
    }

    private static InetSocketAddress address(String value) {
        if (value == null || value.isEmpty()) {
            return new InetSocketAddress(8080);
        }
        int colon = value.lastIndexOf(':');
        return new InetSocketAddress(value.substring(0, colon), Integer.parseInt(value.substring(colon + 1)));
    }
}
