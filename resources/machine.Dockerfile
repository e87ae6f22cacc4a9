# What Cloche's virtual machines start with where this computer is no Linux: a kernel of Debian with its modules, and Cloche's own programs for the inside. Cloche builds it from its
# page of containers and keeps only /parts of it.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
# As modules.dep calls them, and as their sources are called.
ARG MODULES
ARG PROGRAMS
COPY . /source
RUN ["/bin/sh", "/source/make-machine-parts.sh"]
