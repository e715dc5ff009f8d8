import { webhookConfiguration } from "./webhook-configuration.ts";

export const mutatingWebhookConfiguration = webhookConfiguration("MutatingWebhookConfiguration", true);
