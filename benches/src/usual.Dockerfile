# syntax=docker/dockerfile:1
ARG NODE_VERSION=22
ARG GO_VERSION=1.25

FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-alpine AS web
WORKDIR /web
ENV NODE_ENV=production CI=true
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --include=dev
COPY web/ ./
RUN npm run build && npm prune --omit=dev

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
ARG TARGETOS TARGETARCH VERSION=dev
WORKDIR /src
# The modules change less often than the rest.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
COPY --from=web /web/dist ./internal/web/dist
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" \
      -o /out/server ./cmd/server
RUN <<EOT
set -eux
mkdir -p /out/etc
echo "nobody:x:65534:65534:nobody:/:" >/out/etc/passwd
EOT

FROM gcr.example.com/distroless/static:nonroot
LABEL org.opencontainers.image.title="server" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PORT=8080 \
    LOG_LEVEL=info
COPY --from=build --chown=65534:65534 /out/server /usr/local/bin/server
COPY --from=build /out/etc/passwd /etc/passwd
EXPOSE 8080/tcp 9090
USER nobody
HEALTHCHECK --interval=30s --timeout=3s CMD ["/usr/local/bin/server", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/server"]
CMD ["serve", "--port", "8080"]
