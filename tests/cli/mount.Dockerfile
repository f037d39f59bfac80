FROM alpine:3.20
RUN --mount=type=cahe,target=/root/.cache apk add curl
RUN --mount=type=cache,tarrget=/root/.cache apk add curl
RUN --mounts=type=cache true
