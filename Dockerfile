# The worker: what runs agents and tests. Mounts its BELAY_HOME at /home/node/.belay.
FROM node:24.21.0-bookworm-slim

RUN apt-get update \
  && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git openssh-client procps \
  && rm -rf /var/lib/apt/lists/*

# The agent's CLI is no dependency of Belay: it is large, and has its own releases.
ARG CLAUDE_CODE_VERSION=2.1.329
RUN npm install --global "@anthropic-ai/claude-code@${CLAUDE_CODE_VERSION}" && npm cache clean --force

WORKDIR /opt/belay
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force
COPY commands ./commands
COPY src ./src

# Owned by the user before it is a volume, which takes over owner and rights.
RUN install --directory --owner=node --group=node --mode=0700 /home/node/.belay
USER node
ENV NODE_ENV=production BELAY_HOME=/home/node/.belay
VOLUME /home/node/.belay
CMD ["node", "src/worker.ts"]
