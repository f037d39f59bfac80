# The image of the frontend: one static program.
#
#   docker build .                                   compiles it in the engine
#   docker build --build-context binary=DIR .        takes DIR/bin/multistage-frontend, compiled outside
#
# With --build-arg SOURCE_DATE_EPOCH=SECONDS, files and image bear that time, and the image is the same whenever it is built.
# `bin` is copied whole, as a folder that the engine makes for a file bears the time of the build. (So does one that the engine
# fetched before with another program in it; scripts/image makes it forget that one, and its cache.)
#
# The compiler runs on the build platform and compiles for the target platform.

FROM --platform=$BUILDPLATFORM rust:1-slim AS build
ARG TARGETARCH
ARG SOURCE_DATE_EPOCH=0
WORKDIR /src
RUN --mount=type=bind,target=. \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target,id=multistage-target-$TARGETARCH <<EOT
set -eu
case $TARGETARCH in
amd64) cpu=x86_64 ;;
arm64) cpu=aarch64 ;;
ppc64le) cpu=powerpc64le ;;
riscv64) cpu=riscv64gc ;;
*) cpu=$TARGETARCH ;;
esac
CARGO_TARGET_DIR=/target scripts/build-frontend /out/bin/multistage-frontend $cpu-unknown-linux-musl
touch -d "@$SOURCE_DATE_EPOCH" /out/bin/multistage-frontend /out/bin
EOT

FROM scratch AS binary
COPY --from=build /out /

FROM scratch
LABEL moby.buildkit.frontend.network.none="true"
LABEL moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
COPY --from=binary /bin /bin
ENTRYPOINT ["/bin/multistage-frontend"]
