//! Requests that the program makes, and answers: what a client sends reaches what libraries do with it.

use super::*;

#[test]
fn network_of_libraries() {
    check(&[SinkKind::Url, SinkKind::Redirect, SinkKind::Header, SinkKind::Code, SinkKind::Html], CODE);
}

const CODE: &str = r#"
import http from 'http'; import https from 'https'; import http2 from 'http2'; import net from 'net'; import dgram from 'dgram'; import dns from 'dns'; import dnsp from 'dns/promises'; import tls from 'tls';
import axios, { AxiosRequestConfig } from 'axios'; import got, { got as got2 } from 'got'; import nodeFetch from 'node-fetch'; import * as undici from 'undici'; import { Client as UClient, Pool as UPool } from 'undici'; import superagent from 'superagent'; import request from 'request'; import rp from 'request-promise'; import needle from 'needle'; import phin from 'phin'; import ky from 'ky'; import bent from 'bent'; import wretch from 'wretch'; import { ofetch, $fetch } from 'ofetch'; import WebSocket from 'ws'; import { io } from 'socket.io-client'; import mqtt from 'mqtt'; import nodemailer from 'nodemailer'; import puppeteer from 'puppeteer'; import { chromium } from 'playwright'; import httpProxy from 'http-proxy'; import { createProxyMiddleware } from 'http-proxy-middleware'; import expressHttpProxy from 'express-http-proxy'; import ftp from 'basic-ftp'; import Redis from 'ioredis'; import { createClient } from 'redis'; import { MongoClient } from 'mongodb'; import mongoose from 'mongoose'; import jsdom, { JSDOM } from 'jsdom'; import soap from 'soap'; import { GraphQLClient, request as gqlRequest } from 'graphql-request'; import { HttpService } from '@nestjs/axios'; import grpc from '@grpc/grpc-js'; import download from 'download'; import RSSParser from 'rss-parser'; import { S3Client, GetObjectCommand } from '@aws-sdk/client-s3'; import sharp from 'sharp'; import { loadImage } from 'canvas'; import pdf from 'html-pdf'; import wkhtml from 'wkhtmltopdf'; import { Octokit } from '@octokit/rest';
import express from 'express';
const app = express();
app.get('/', async (req, res) => {
  const u = req.query.u as string; const h = req.query.h as string;
  http.get(u); //!
  http.get({ host: h }); //!
  http.request(new URL(u)); //!
  https.request(u, { method: 'GET' }, () => {}); //!
  https.get('https://' + h + '/x'); //!
  https.get(`https://api.x.com/${u}`);
  http2.connect(u); //!
  net.connect(80, h); //!
  net.createConnection({ host: h, port: 80 }); //!
  new net.Socket().connect(80, h); //!
  tls.connect({ host: h }); //!
  dgram.createSocket('udp4').send('x', 1, h); //!
  axios.get(u); //!
  axios(u); //!
  axios({ url: u }); //!
  axios.request({ method: 'GET', url: u }); //!
  axios.head(u); //!
  axios.postForm(u, {}); //!
  axios.getUri({ url: u });
  axios.create({ baseURL: u }); //!
  const cfg: AxiosRequestConfig = { url: u, method: 'get' }; axios(cfg); //!
  axios.defaults.baseURL = u; //!
  got(u); //!
  got2.post(u, { json: {} }); //!
  got.stream(u); //!
  got({ url: u }); //!
  got('x', { prefixUrl: u }); //!
  got.extend({ prefixUrl: u }); //!
  nodeFetch(u); //!
  fetch(u, { method: 'POST' }); //!
  fetch(new URL(u)); //!
  fetch(new Request(u)); //!
  fetch(new URL(u, 'https://a.example')); //!
  const steered = new URL('https://a.example'), asked = new URL('https://a.example');
  steered.host = u;
  fetch(steered); //!
  asked.pathname = u;
  fetch(asked);
  fetch(`https://${h}.example.com/`); //!
  fetch('https://api.example.com/?' + new URLSearchParams({ u }));
  undici.fetch(u); //!
  undici.request(u); //!
  undici.stream(u, {} as any, () => {} as any); //!
  new UClient(u); //!
  new UPool(u); //!
  superagent.post(u); //!
  superagent('GET', u); //!
  superagent.agent().get(u); //!
  request(u); //!
  request({ uri: u }, () => {}); //!
  request.post({ url: u }); //!
  request.defaults({ baseUrl: u }); //!
  rp(u); //!
  rp.get(u); //!
  needle.get(u); //!
  needle.request('get', u, {}); //!
  phin({ url: u }); //!
  ky.get(u); //!
  bent('json')(u); //!
  wretch(u).get(); //!
  ofetch(u); //!
  $fetch(u); //!
  new WebSocket(u); //!
  io(u); //!
  mqtt.connect(u); //!
  nodemailer.createTransport({ host: h }); //!
  const b = await puppeteer.launch(); const p = await b.newPage(); p.goto(u); //!
  const cb = await chromium.launch(); const ctx = await cb.newContext(); const pg = await ctx.newPage(); await pg.goto(u); //!
  await pg.evaluate(u); //!
  await pg.evaluate((x) => x, u);
  await p.evaluate(`f("${u}")`); //!
  await pg.addScriptTag({ content: u }); //!
  await pg.addScriptTag({ url: u }); //!
  await pg.setContent(u); //!
  httpProxy.createProxyServer().web(req, res, { target: u }); //!
  httpProxy.createProxyServer({ target: u }); //!
  createProxyMiddleware({ target: u }); //!
  expressHttpProxy(u); //!
  new ftp.Client().access({ host: h }); //!
  new Redis(u); //!
  createClient({ url: u }); //!
  MongoClient.connect(u); //!
  mongoose.connect(u); //!
  JSDOM.fromURL(u); //!
  new JSDOM(u, { runScripts: 'dangerously' }); //!
  new JSDOM(u);
  soap.createClient(u, () => {}); //!
  new GraphQLClient(u); //!
  gqlRequest(u, 'query { a }'); //!
  download(u, 'dist'); //!
  new RSSParser().parseURL(u); //!
  loadImage(u); //!
  pdf.create(u); //!
  new S3Client({ endpoint: u }); //!
  new EventSource(u); //!
  res.redirect(u); //!
  res.redirect(301, u); //!
  res.redirect('/x?next=' + u);
  res.redirect('/' + u); //!
  res.redirect(`https://${h}/x`); //!
  res.redirect(req.get('Referrer') || '/');
  res.location(u); //!
  res.set('Location', u); //!
  res.set({ Location: u }); //!
  res.header('Refresh', '0; url=' + u); //!
  res.writeHead(302, { location: u }); //!
  res.writeHead(301, 'Moved', { Location: u }); //!
  res.append('Link', u); //!
  res.cookie('lang', u);
  res.setHeader(u, 'x'); //!
});
class Svc { constructor(private readonly http: HttpService) {} go(q: string) { return this.http.get(q); } } //!
app.get('/svc', (req, res) => { new Svc(null as any).go(req.query.u as string); });
const srv = net.createServer((sock) => {
  sock.on('data', (d) => { eval(d.toString()); }); //!
  sock.write('x');
});
dgram.createSocket('udp4').on('message', (m) => { new Function(m.toString())(); }); //!
const ls = http2.createSecureServer({}); ls.on('stream', (stream, headers) => { stream.end('<p>' + headers[':path']); eval(headers['x-a'] as string); }); //!
"#;
