import { Router } from 'express';
import { serve, setup } from 'swagger-ui-express';

/** A page to read and try the API on. All of it is served from here. */
export function serveDocs(): Router {
  const router = Router();
  const page = setup(undefined, {
    customSiteTitle: 'Belay API',
    swaggerOptions: { url: '/openapi.json', validatorUrl: null, persistAuthorization: false },
  });
  router.use(serve, page);
  return router;
}
