from alpine as Builder
MAINTAINER Jane "J" <jane@example.com>
ENV KEY some value
ENV P $HOME
EXPOSE 80/TCP
run echo a && \

  echo b
CMD node app.js
CMD echo $HOME
FROM --platform=$TARGETPLATFORM alpine AS builder
WORKDIR src
ARG SECRET_TOKEN
