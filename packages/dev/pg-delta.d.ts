export { buildFactBase } from '@supabase/pg-delta';
export { extract } from '@supabase/pg-delta/extract';
export { plan } from '@supabase/pg-delta/plan';
