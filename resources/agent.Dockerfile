# The agents that Cloche knows and the tools they use, for sessions in containers.
# Cloche builds it from its page of containers; `docker build -f agent.Dockerfile .` does the same.
ARG BASE=node:22-bookworm-slim
FROM ${BASE}

RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      ca-certificates curl git jq less openssh-client procps python3 ripgrep \
 && rm -rf /var/lib/apt/lists/*

# Empty: npm's own choice.
ARG NPM_REGISTRY=
RUN npm install --global --no-audit --no-fund ${NPM_REGISTRY:+--registry "$NPM_REGISTRY"} \
      @anthropic-ai/claude-code @openai/codex @google/gemini-cli opencode-ai
