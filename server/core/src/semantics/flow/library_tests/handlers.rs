//! Handlers of frameworks: what a client sends reaches what libraries do with it.

use super::*;

#[test]
fn handlers_of_libraries() {
    check(&[SinkKind::Command], CODE);
}

const CODE: &str = r#"
import express, { Request, Response, RequestHandler, NextFunction } from 'express'; import Koa, { Context, Next, Middleware } from 'koa'; import Router from '@koa/router'; import Fastify, { FastifyPluginAsync, FastifyInstance, RouteHandlerMethod, FastifyRequest } from 'fastify'; import Hapi, { Lifecycle, ServerRoute } from '@hapi/hapi'; import { Hono } from 'hono'; import { validator } from 'hono/validator'; import { zValidator } from '@hono/zod-validator'; import { Controller, Get, Post, Body, Query, Param, Req, Res, Headers, UploadedFile, Injectable, CanActivate, ExecutionContext, Ip, HostParam, Session, PipeTransform, NestMiddleware, NestInterceptor } from '@nestjs/common'; import { Args, Resolver, Query as GQuery, Mutation } from '@nestjs/graphql'; import { SubscribeMessage, MessageBody, ConnectedSocket, WebSocketGateway } from '@nestjs/websockets'; import { MessagePattern, Payload, EventPattern } from '@nestjs/microservices'; import type { NextApiHandler, NextApiRequest, NextApiResponse, GetServerSideProps, NextPage, GetStaticProps } from 'next'; import { NextRequest, NextResponse, userAgent } from 'next/server'; import { cookies, headers, draftMode } from 'next/headers'; import { redirect } from 'next/navigation'; import { createTRPCRouter, publicProcedure, protectedProcedure } from '~/server/api/trpc'; import { initTRPC } from '@trpc/server'; import { z } from 'zod'; import { Server, Socket } from 'socket.io'; import WebSocket, { WebSocketServer } from 'ws'; import restify from 'restify'; import polka from 'polka'; import { json, type LoaderFunction, type ActionFunction, type LoaderFunctionArgs } from '@remix-run/node'; import type { RequestHandler as SvelteHandler, Actions, PageServerLoad } from './$types'; import type { Handler, APIGatewayProxyEvent, APIGatewayProxyHandlerV2, SQSEvent, S3Event, SNSHandler, APIGatewayTokenAuthorizerEvent } from 'aws-lambda'; import { app as azapp, HttpRequest, InvocationContext, AzureFunction, Context as AzCtx } from '@azure/functions'; import { http as gcpHttp, cloudEvent } from '@google-cloud/functions-framework'; import { onRequest, onCall } from 'firebase-functions/v2/https'; import * as functions from 'firebase-functions'; import { exec, execSync } from 'child_process'; import { GraphQLObjectType, GraphQLString, GraphQLSchema, buildSchema } from 'graphql'; import { ApolloServer } from 'apollo-server-express'; import { createYoga, createSchema } from 'graphql-yoga'; import { Elysia, t } from 'elysia'; import { serve } from 'bun'; import { H3Event, defineEventHandler, readBody, getQuery, getRouterParam, eventHandler } from 'h3'; import type { APIRoute } from 'astro'; import { createServer } from 'http'; import micro from 'micro'; import { Application, Router as OakRouter } from 'oak'; import amqp from 'amqplib'; import { Kafka } from 'kafkajs'; import { Worker as BullWorker } from 'bullmq'; import sirv from 'sirv'; import find from 'find-my-way'; import { body, validationResult, matchedData, query } from 'express-validator'; import Joi from 'joi'; import * as yup from 'yup'; import Ajv from 'ajv'; import expressWs from 'express-ws'; import passport from 'passport'; import uWS from 'uWebSockets.js';
interface AuthedRequest extends Request { user: { id: string } }
interface MyCtx extends Context { session: any }
type Ctx2 = Context & { x: number };
type Req3 = Request<{ id: string }, any, { cmd: string }>;
const h1 = (req: AuthedRequest, out: Response) => { exec(req.body.c); }; //!
const h2 = async (c: MyCtx) => { exec(c.request.query.c as string); }; //!
const h3 = async (c: Ctx2) => { exec(c.query.c as string); }; //!
function h4(r: Req3) { exec(r.body.cmd); } //!
const h5: RequestHandler = (q, s) => { exec(q.query.c as string); }; //!
const h6: RequestHandler<{ id: string }> = async ({ params }, res) => { exec(params.id); }; //!
const h7: Middleware = async (c, n) => { exec(c.query.c as string); }; //!
const h8: RouteHandlerMethod = async (rq, rp) => { exec((rq.query as any).c); }; //!
const h9: Lifecycle.Method = (r, t) => { exec(r.params.x); return ''; }; //!
const h10: NextApiHandler = (rq, rs) => { exec(rq.query.c as string); }; //!
export const getServerSideProps: GetServerSideProps = async ({ query, params, req }) => { exec(query.c as string); exec(req.headers.x as string); return { props: {} }; }; //!
export const gssp2: GetServerSideProps = async (c) => { exec(c.params!.id as string); return { props: {} }; }; //!
export const loader: LoaderFunction = async ({ request, params }) => { exec(params.id!); return null; }; //!
export const action: ActionFunction = async (a) => { const fd = await a.request.formData(); exec(String(fd.get('c'))); return null; }; //!
export async function action2({ request }: LoaderFunctionArgs) { const d = Object.fromEntries(await request.formData()); exec(d.c as string); } //!
export const load: PageServerLoad = async ({ params, url, cookies }) => { exec(url.searchParams.get('c')!); exec(cookies.get('c')!); }; //!
export const actions: Actions = { default: async ({ request }) => { const d = await request.formData(); exec(d.get('c') as string); } }; //!
export const POST3: SvelteHandler = async (event) => { exec((await event.request.json()).c); return new Response(); }; //!
export const lam2: APIGatewayProxyHandlerV2 = async (e) => { exec(e.rawQueryString); return ''; }; //!
export const sqs = async (e: SQSEvent) => { for (const r of e.Records) exec(r.body); }; //!
export const s3 = async (e: S3Event) => { exec('x ' + e.Records[0].s3.object.key); }; //!
export const handler = async (event) => { exec(event.queryStringParameters.c); }; //!
exports.handler2 = (event, context, callback) => { const b = JSON.parse(event.body); exec(b.c); callback(null, {}); }; //!
const az: AzureFunction = async (c: AzCtx, r) => { exec(r.query.c); exec(c.req!.body.x); }; //!
azapp.http('x', { handler: async (request: HttpRequest, context: InvocationContext) => { exec(request.query.get('c')!); return {}; } }); //!
azapp.http('y', { handler: async (r) => { exec((await r.json() as any).c); return {}; } }); //!
gcpHttp('f', (rq, rs) => { exec(rq.query.c as string); }); //!
onRequest((rq, rs) => { exec(rq.body.c); }); //!
onRequest({ cors: true }, async (rq, rs) => { exec(rq.body.c); }); //!
onCall((r) => { exec(r.data.c); }); //!
functions.https.onCall((data, ctx) => { exec(data.c); }); //!
@Controller('x')
export class C {
  @Get() a(@Query() q: { c: string }) { exec(q.c); } //!
  @Get(':id') b(@Param() p) { exec(p.id); } //!
  @Post() c(@Body('x') x: string, @Ip() ip: string) { exec(x); } //!
  @Post() d(@UploadedFile() f: Express.Multer.File) { exec('x ' + f.originalname); } //!
  @Post() e(@Body() { cmd }: Dto) { exec(cmd); } //!
  @Get() f(@Headers('x') h) { exec(h); } //!
  @Get() g(@Req() r: Request) { exec(r.query.x as string); } //!
  @Get() n(@Param('id', ParseIntPipe) id: number) { exec('kill ' + id); }
  @Get() m(@Query('id', new ParseIntPipe()) id) { exec('kill ' + id); }
  @Get() u(@Param('id', ParseUUIDPipe) id: string) { exec('x ' + id); }
  @Get() v(@Query('e', new ParseEnumPipe(E)) e: E) { exec('x ' + e); }
  @Get() w(@Query('b', ParseBoolPipe) b: boolean) { exec('x ' + b); }
}
declare const ParseIntPipe: any, ParseUUIDPipe: any, ParseEnumPipe: any, ParseBoolPipe: any; enum E { A = 'a' }
class Dto { cmd!: string }
@Injectable() export class G implements CanActivate { canActivate(ctx: ExecutionContext) { const r = ctx.switchToHttp().getRequest(); exec(r.headers['x']); return true; } } //!
@Injectable() export class Mw implements NestMiddleware { use(req: Request, res: Response, next: NextFunction) { exec(req.query.c as string); next(); } } //!
@Resolver() export class R { @GQuery() a(@Args('x') x: string) { exec(x); } @Mutation() b(@Args() a: { y: string }) { exec(a.y); } } //!
@WebSocketGateway() export class W { @SubscribeMessage('m') m(@MessageBody() d: string, @ConnectedSocket() s: Socket) { exec(d); } } //!
@Controller() export class MS { @MessagePattern('x') a(@Payload() d) { exec(d.c); } @EventPattern('y') b(d: any) { exec(d.c); } } //!
export const r1 = createTRPCRouter({ x: publicProcedure.input(z.object({ c: z.string() })).mutation(({ input }) => { exec(input.c); }) }); //!
export const r2 = createTRPCRouter({ x: protectedProcedure.input(z.string()).query(async ({ ctx, input }) => { exec(input); }) }); //!
export const r3 = createTRPCRouter({ x: protectedProcedure.input(z.string().uuid()).query(async ({ ctx, input }) => { exec(input); }) });
export const r4 = createTRPCRouter({ x: publicProcedure.input(z.string().regex(/^[a-z]+$/)).query(({ input }) => { exec(input); }) });
export const r5 = createTRPCRouter({ x: publicProcedure.input((v: unknown) => String(v)).query(({ input }) => { exec(input); }) }); //!
const io = new Server(1);
io.on('connection', (s: Socket) => { s.on('x', ({ cmd }) => exec(cmd)); }); //!
io.of('/a').on('connection', function (s) { s.on('x', function (d, ack) { exec(d.c); }); }); //!
io.use((s, next) => { exec(s.handshake.auth.token); next(); }); //!
io.on('connection', (s) => { s.onAny((ev, d) => exec(d)); }); //!
const wss = new WebSocketServer({ port: 1 });
wss.on('connection', function connection(w, rq) { exec(rq.url!); w.on('message', function m(d) { exec(String(d)); }); w.onmessage = (e) => { exec(e.data as string); }; }); //!
wss.on('connection', (w: WebSocket) => { w.addEventListener('message', (e) => { exec(e.data as string); }); }); //!
expressWs(express()).app.ws('/x', (w, rq) => { w.on('message', (m) => { exec(m as any); }); }); //!
const hp = new Hono();
hp.get('/:id', (c) => { exec(c.req.param('id')); return c.text(''); }); //!
hp.post('/a', zValidator('json', z.object({ c: z.string() })), (c) => { const d = c.req.valid('json'); exec(d.c); return c.text(''); }); //!
hp.post('/b', async (c) => { const { cmd } = await c.req.json<{ cmd: string }>(); exec(cmd); return c.text(''); }); //!
hp.get('/c', (c) => { exec(c.req.header('x')!); return c.text(''); }); //!
hp.use('*', async (c, next) => { exec(c.req.raw.headers.get('x')!); await next(); }); //!
hp.route('/x', new Hono().get('/y', (c) => { exec(c.req.query('z')!); return c.text(''); })); //!
new Hono().basePath('/api').get('/y', (c) => { exec(c.req.query().z); return c.text(''); }); //!
const plug: FastifyPluginAsync = async (f, o) => { f.get('/x', async (rq, rp) => { exec((rq.query as any).c); }); }; //!
async function routes(f: FastifyInstance) { f.post<{ Body: { c: string } }>('/y', async ({ body }) => { exec(body.c); }); } //!
const ff = Fastify(); ff.addHook('preHandler', async (rq) => { exec(rq.headers.x as string); }); //!
ff.register(async (inst) => { inst.route({ method: 'GET', url: '/', preHandler: (rq, rp, done) => { exec(rq.url); done(); }, handler: async () => '' }); }); //!
ff.get('/z', { schema: {} }, async (rq) => { for await (const p of rq.parts()) { exec((p as any).value); } }); //!
const hs = Hapi.server(); hs.route([{ method: 'GET', path: '/', options: { handler: (r, t) => { exec(r.query.c); return ''; } } }]); //!
const sr: ServerRoute = { method: 'POST', path: '/', handler: async (r, t) => { exec((r.payload as any).c); return ''; } }; //!
hs.ext('onRequest', (r, t) => { exec(r.headers.x); return t.continue; }); //!
const rs = restify.createServer(); rs.post('/x', (q, s, n) => { exec(q.body.c); n(); }); //!
polka().use((q, s, n) => { exec(q.query.c as string); n(); }).post('/', (q, s) => { exec(q.body.c); }); //!
export async function GET(request: NextRequest, ctx: { params: Promise<{ id: string }> }) { const { id } = await ctx.params; exec(id); exec(request.nextUrl.searchParams.get('c')!); } //!
export async function PUT(req: Request2, { params }: { params: { id: string } }) { exec(params.id); } //!
type Request2 = globalThis.Request;
export async function DELETE(req: Request2) { exec((await req.json()).c); const b = await req.text(); exec(b); } //!
export function middleware(request: NextRequest) { exec(request.headers.get('x')!); return NextResponse.redirect(request.nextUrl.searchParams.get('to')!); } //!
export default async function Page({ params, searchParams }: { params: { slug: string }; searchParams: Record<string, string> }) { exec(searchParams.c); exec(params.slug); return null; } //!
export async function Page2(props: { searchParams: Promise<{ c: string }> }) { const sp = await props.searchParams; exec(sp.c); } //!
export async function act(prev: any, fd: FormData) { 'use server'; exec(fd.get('c') as string); } //!
export async function srvc() { exec((await cookies()).get('c')!.value); exec((await headers()).get('x')!); } //!
const rv = { Query: { a: (_, { c }) => exec(c), b: async (_p, args, ctx) => { exec(args.c); } }, Mutation: { m: (_, { input }) => exec(input.c) } }; //!
const GT = new GraphQLObjectType({ name: 'Q', fields: { a: { type: GraphQLString, args: { c: { type: GraphQLString } }, resolve: (src, a) => { exec(a.c); return ''; } } } }); //!
createYoga({ schema: createSchema({ typeDefs: '', resolvers: { Query: { a: (_: unknown, a: { c: string }) => { exec(a.c); } } } }) }); //!
new Elysia().get('/:id', ({ params, query }) => { exec(params.id); }).post('/', ({ body }) => { exec((body as any).c); }); //!
Bun.serve({ async fetch(req) { exec(new URL(req.url).searchParams.get('c')!); return new Response(''); } }); //!
Deno.serve(async (req) => { exec(await req.text()); return new Response(''); }); //!
declare const Bun: any, Deno: any;
export const eh = defineEventHandler(async (event) => { const b = await readBody(event); exec(b.c); exec(getQuery(event).c as string); exec(getRouterParam(event, 'id')!); }); //!
export const APIGET: APIRoute = async ({ params, request, url }) => { exec(params.id!); return new Response(''); }; //!
export default { async fetch(request, env, ctx) { exec(new URL(request.url).pathname); return new Response(''); } }; //!
createServer(async (rq, rs) => { let b = ''; for await (const ch of rq) b += ch; exec(b); }); //!
createServer((rq, rs) => { const chunks: Buffer[] = []; rq.on('data', (c) => chunks.push(c)).on('end', () => { const d = Buffer.concat(chunks).toString(); exec(d); }); }); //!
const kaf = new Kafka({ brokers: [] }).consumer({ groupId: 'x' }); kaf.run({ eachMessage: async ({ message }) => { exec(message.value!.toString()); } }); //!
new BullWorker('q', async (job) => { exec(job.data.c); }); //!
const ex = express();
ex.post('/v3', (req, res) => { const { value } = Joi.object({ c: Joi.string() }).validate(req.body); exec(value.c); }); //!
ex.post('/v4', (req, res) => { const { value } = Joi.object({ c: Joi.number() }).validate(req.body); exec('kill ' + value.c); });
ex.post('/v5', (req, res) => { const v = z.object({ c: z.enum(['a', 'b']) }).parse(req.body); exec(v.c); });
ex.post('/v6', (req, res) => { const v = z.object({ c: z.string() }).parse(req.body); exec(v.c); }); //!
ex.post('/v7', (req, res) => { const r = z.coerce.number().safeParse(req.body.c); if (!r.success) return; exec('kill ' + r.data); });
ex.post('/v8', async (req, res) => { const v = await yup.object({ c: yup.number() }).validate(req.body); exec('kill ' + v.c); });
ex.post('/w1', (req, res) => { const n = req.body.c | 0; exec('kill ' + n); });
ex.post('/w2', (req, res) => { switch (req.body.c) { case 'a': case 'b': exec(req.body.c); break; default: res.end(); } });
ex.post('/w3', (req, res) => { const M = new Map([['a', 'ls'], ['b', 'ps']]); exec(M.get(req.body.c) ?? 'ls'); });
ex.post('/w4', (req, res) => { const M = { a: 'ls', b: 'ps' } as Record<string, string>; exec(M[req.body.c] || 'ls'); });
ex.post('/w5', (req, res) => { const c = ['a', 'b'].find((x) => x === req.body.c); exec(c!); });
ex.post('/w6', (req, res) => { if (!new Set(['a', 'b']).has(req.body.c)) throw new Error(); exec(req.body.c); });
ex.post('/w7', (req, res) => { const c = req.body.c === 'a' ? 'ls' : 'ps'; exec(c); });
ex.post('/w8', (req, res) => { if (Object.values(E).includes(req.body.c)) exec(req.body.c); });
ex.post('/w9', (req, res) => { if (Number.isNaN(Number(req.body.c))) return; exec('kill ' + req.body.c); });
ex.post('/w10', (req, res) => { if (!(req.body.c in { a: 1, b: 2 })) return; exec(req.body.c); });
ex.post('/w12', (req, res) => { if (/[^a-z]/.test(req.body.c)) return; exec(req.body.c); });
ex.post('/w13', (req, res) => { const m = /^(\d+)$/.exec(req.body.c); if (!m) return; exec('kill ' + m[1]); });
ex.post('/w14', (req, res) => { const c = req.body.c.replace(/[^a-z0-9]/gi, ''); exec('id ' + c); });
ex.route('/x').get((q, s) => { exec(q.query.c as string); }).post(async (q, s) => { exec(q.body.c); }); //!
ex.use('/y', [(q, s, n) => { exec(q.query.c as string); n(); }]); //!
export { h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, az, plug, routes, sr, rv, GT, root, gs };
"#;
