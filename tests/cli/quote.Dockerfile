FROM alpine:3.20
ENV NAME="unfinished
RUN echo hi
LABEL a='x
