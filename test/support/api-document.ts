/** The API's OpenAPI document, as far as tests read it. */
export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
}

interface Parameter {
  in: 'path' | 'query' | 'header';
  name: string;
}

interface Operation {
  operationId: string;
  security: unknown[];
  parameters?: Parameter[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
  responses: Record<string, { content?: Record<string, unknown> }>;
}

/** One route, as the document has it. */
export interface DescribedRoute extends Operation {
  method: string;
  path: string;
  pathParameters: string[];
  queryParameters: string[];
  /** Names of the fields of its body; undefined where it takes none. */
  fields: string[] | undefined;
}

export function describedRoutes({ paths, components }: ApiDocument): DescribedRoute[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const named = (place: Parameter['in']): string[] =>
        (operation.parameters ?? []).filter((parameter) => parameter.in === place).map(({ name }) => name);
      const schema = operation.requestBody?.content['application/json'].schema;
      const whole = schema?.$ref === undefined ? schema : components.schemas[schema.$ref.replace('#/components/schemas/', '')];
      const fields = schema && Object.keys(whole?.properties ?? {});
      return { ...operation, method: method.toUpperCase(), path, pathParameters: named('path'), queryParameters: named('query'), fields };
    }),
  );
}
