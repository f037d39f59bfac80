package hello;

/** What the server says. */
final class Greeting {
    private Greeting() {}

    static String text() {
        return "Hello from Java, built with a JDK and run with a JRE\n";
    }
}
