# The worker: what runs agents and tests. Mounts its BELAY_HOME at /home/node/.belay.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

FROM node:24.21.0-bookworm-slim

# tini ends what agents leave behind; bubblewrap ends agents with their worker, where the container may make namespaces.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git openssh-client procps tini \
  && rm -rf /var/lib/apt/lists/*

# The agent's CLI is no dependency of Belay: it is large, and has its own releases.
ARG CLAUDE_CODE_VERSION=2.1.329
RUN npm install --global "@anthropic-ai/claude-code@${CLAUDE_CODE_VERSION}" && npm cache clean --force

WORKDIR /opt/belay
COPY package.json package-lock.json ./
# By the lock file, which a package does not have.
RUN npm ci --omit=dev && npm cache clean --force
COPY bin ./bin
COPY commands ./commands
COPY samples ./samples
COPY --from=build /build/dist ./dist
RUN ln -s /opt/belay/bin/belay /usr/local/bin/belay

# Owned by the user before it is a volume, which takes over owner and rights.
RUN install --directory --owner=node --group=node --mode=0700 /home/node/.belay
USER node
ENV NODE_ENV=production BELAY_HOME=/home/node/.belay
VOLUME /home/node/.belay
ENTRYPOINT ["tini", "--"]
CMD ["belay", "worker"]
