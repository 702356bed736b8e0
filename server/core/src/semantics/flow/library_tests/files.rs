//! Files and archives: what a client sends reaches what libraries do with it.

use super::*;

#[test]
fn files_of_libraries() {
    check(&[SinkKind::Path], CODE);
}

const CODE: &str = r#"
import fs from 'fs';
import fsp, { open as openFile, FileHandle } from 'fs/promises';
import fse from 'fs-extra';
import gfs from 'graceful-fs';
import path from 'path';
import shell from 'shelljs';
import * as sh2 from 'shelljs';
import { rm as shrm, cat, cp as shcp, mv, test, sed, ls, mkdir as shmkdir, touch, cd, find, grep } from 'shelljs';
import { glob } from 'glob';
import fg from 'fast-glob';
import globby from 'globby';
import tar from 'tar';
import decompress from 'decompress';
import extract from 'extract-zip';
import AdmZip from 'adm-zip';
import unzipper from 'unzipper';
import yauzl from 'yauzl';
import JSZip from 'jszip';
import tarfs from 'tar-fs';
import archiver from 'archiver';
import formidable from 'formidable';
import Busboy from 'busboy';
import multer from 'multer';
import sharp from 'sharp';
import send from 'send';
import koaSend from 'koa-send';
import { pipeline } from 'stream/promises';
import readline from 'readline';
import express, { Request, Response } from 'express';
const app = express();
app.post('/', async (req: Request, res: Response) => {
  const f = req.body.f as string;
  fs.readFile(f, () => {}); //!
  fs.promises.readFile(f); //!
  fs.exists(f, () => {}); //!
  fs.readv; fs.statfs(f, () => {}); //!
  fs.lchmod(f, 0o600, () => {}); //!
  fs.lutimes(f, 1, 1, () => {}); //!
  fs.opendir(f, () => {}); //!
  fs.symlink(f, 'x', () => {}); //!
  fs.promises.cp('a', f); //!
  fs.cpSync('a', f); //!
  fs.unwatchFile(f);
  const fh = await openFile(f); //!
  const data = await (await openFile('/etc/x')).readFile('utf8');
  const h2: FileHandle = await fsp.open('x');
  await h2.write(f);
  await fsp.access(f); //!
  await fsp.lstat(f); //!
  await fsp.mkdtemp(f); //!
  await fsp.watch(f); //!
  await fse.pathExists(f); //!
  await fse.ensureSymlink('a', f); //!
  await fse.ensureLink(f, 'a'); //!
  await fse.createFile(f); //!
  await fse.ensureFileSync(f); //!
  await fse.move('a', f); //!
  await fse.readJSONSync(f); //!
  await fse.readFile(f); //!
  gfs.readFile(f, () => {}); //!
  gfs.gracefulify(fs); gfs.createReadStream(f); //!
  shell.rm('-rf', f); //!
  shell.cat(f); //!
  shcp('a', f); //!
  mv(f, 'a'); //!
  shell.mkdir('-p', f); //!
  shell.sed('-i', 'a', 'b', f); //!
  shell.cd(f); //!
  shell.ShellString('x').to(f); //!
  new shell.ShellString(f).to('x');
  shell.find(f); //!
  shell.ls(f); //!
  shell.touch(f); //!
  await glob(f); //!
  await glob('*.js', { cwd: f }); //!
  await fg(f); //!
  await globby(f); //!
  await tar.x({ file: f, cwd: 'x' }); //!
  await tar.extract({ file: 'a', cwd: f }); //!
  await tar.c({ file: f }, ['a']); //!
  await decompress(f, 'dist'); //!
  await extract(f, { dir: 'x' }); //!
  new AdmZip('a').extractAllTo(f); //!
  new AdmZip('a').writeZip(f); //!
  new AdmZip('a').addLocalFile(f); //!
  await unzipper.Open.file(f); //!
  yauzl.open(f, () => {}); //!
  archiver('zip').file(f, { name: 'x' }); //!
  archiver('zip').directory(f, false); //!
  sharp(f).toFile('x'); //!
  sharp('x').toFile(f); //!
  send(req, f).pipe(res); //!
  send(req, f, { root: '/x' }).pipe(res);
  process.chdir(f); //!
  await pipeline(fs.createReadStream(f), res); //!
  await import(f); //!
  require.resolve(f); //!
  path.join('a', f);
  readline.createInterface({ input: fs.createReadStream('a') });
  res.sendFile(f); //!
  res.sendFile(f, { root: '/x' });
  res.sendfile(f); //!
  res.attachment(f);
});
app.post('/up', (req, res) => {
  const form = formidable({});
  form.parse(req, (err: any, fields: any, files: any) => {
    fs.renameSync(files.a[0].filepath, '/up/' + files.a[0].originalFilename); //!
    fs.unlinkSync(fields.old[0]); //!
    fs.readFileSync(files.a[0].filepath);
  });
});
app.post('/up2', async (req, res) => {
  const form = new formidable.IncomingForm();
  const [fields, files] = await form.parse(req);
  await fsp.writeFile('/data/' + fields.name![0], 'x'); //!
  form.on('file', (name: string, file: any) => { fs.renameSync(file.filepath, './' + file.originalFilename); }); //!
  form.on('field', (name: string, value: string) => { fs.writeFileSync(value, ''); }); //!
});
app.post('/bb', (req, res) => {
  const bb = Busboy({ headers: req.headers });
  bb.on('file', (name, file, info) => {
    const { filename } = info;
    file.pipe(fs.createWriteStream(path.join('/up', filename))); //!
    file.pipe(fs.createWriteStream(path.join('/up', path.basename(filename))));
  });
  bb.on('field', (name, val) => { fs.unlinkSync(val); }); //!
  req.pipe(bb);
});
const storage = multer.diskStorage({
  destination: (req, file, cb) => cb(null, '/uploads/' + req.body.dir), //!
  filename: (req, file, cb) => cb(null, file.originalname), //!
});
const storage2 = multer.diskStorage({ destination: '/up', filename: (req, file, cb) => cb(null, Date.now() + '.png') });
const up = multer({ storage });
app.post('/mu', up.single('a'), (req, res) => {
  fs.renameSync(req.file!.path, '/x/' + req.file!.originalname); //!
  fs.readFileSync(req.file!.path);
  for (const f of req.files as Express.Multer.File[]) fs.writeFileSync('/x/' + f.originalname, f.buffer); //!
});
async function jz(buf: Buffer) {
  const zip = await JSZip.loadAsync(buf);
  for (const name of Object.keys(zip.files)) {
    fs.writeFileSync(path.join('out', name), await zip.files[name].async('nodebuffer')); //!
  }
  zip.forEach((rel, file) => { fs.mkdirSync('out/' + rel); }); //!
  zip.forEach((rel, file) => { fs.mkdirSync('out/' + file.name); }); //!
  const dir = await unzipper.Open.buffer(buf);
  for (const file of dir.files) file.stream().pipe(fs.createWriteStream('o/' + file.path)); //!
  const files = await decompress(buf);
  files.forEach((f) => fs.writeFileSync(path.join('o', f.path), f.data)); //!
  const z = new AdmZip(buf);
  for (const e of z.getEntries()) { const t = path.join('o', e.entryName); fs.writeFileSync(t, e.getData()); } //!
  for (const e of z.getEntries()) { z.extractEntryTo(e, 'o'); }
  tar.t({ file: 'a.tar', onentry: (entry) => { fs.writeFileSync('o/' + entry.path, ''); } }); //!
  tar.t({ file: 'a.tar', onReadEntry: (entry) => entry.pipe(fs.createWriteStream(path.join('o', entry.path))) }); //!
  tarfs.extract('o');
}
export { jz, storage2 };
"#;
