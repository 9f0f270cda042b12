# One image for the API, the workers and the migration. Nothing is compiled: Node runs the TypeScript as it is.
FROM node:24-bookworm-slim AS modules
WORKDIR /app
# The manifests first, so that a change of the code alone does not install again.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY apps/api/package.json apps/api/
COPY apps/worker/package.json apps/worker/
COPY db/package.json db/
COPY packages/core/package.json packages/core/
# The optional packages are a Node and a PostgreSQL for machines without; this one has its own of both.
RUN npx -y pnpm@12.21.0 install --prod --no-optional --frozen-lockfile

# A second stage leaves pnpm and its store behind.
FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# The workspace as it is, links and all: Node strips no types from packages that are copied into node_modules.
COPY --from=modules /app ./
# Readable to that user whatever the umask of the checkout was.
COPY --chmod=755 . .
# By number, so that an orchestrator can tell that it isn't root.
USER 1000:1000
CMD ["node", "apps/api/src/main.ts"]
