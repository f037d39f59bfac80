FROM --platform=linux/amd46/x/y alpine:3.20
FROM --platform=windoof alpine
