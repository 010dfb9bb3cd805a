// No validator: it would tell a server of others the address of this one.
SwaggerUIBundle({
  url: "openapi.yml",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
