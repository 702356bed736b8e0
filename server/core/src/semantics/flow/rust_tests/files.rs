use super::check;

const RULES: &[&str] = &["path-traversal"];

#[test]
fn bad() {
    check(
        RULES,
        r#"
use actix_web::{web, HttpRequest, HttpResponse};
use actix_files::NamedFile;
use axum::extract::{Path, Query, Multipart};
use std::fs::{self, File};
use std::path::{self, PathBuf};

async fn a(name: web::Path<String>) -> HttpResponse {
    let content = fs::read_to_string(format!("./uploads/{}", name)).unwrap(); //~ path-traversal
    HttpResponse::Ok().body(content)
}
async fn b(Path(file): Path<String>) -> Vec<u8> {
    let full = path::Path::new("/srv/files").join(&file);
    tokio::fs::read(full).await.unwrap() //~ path-traversal
}
async fn c(req: HttpRequest) -> actix_web::Result<NamedFile> {
    let p: PathBuf = req.match_info().query("filename").parse().unwrap();
    Ok(NamedFile::open(p)?) //~ path-traversal
}
#[derive(Deserialize)]
struct Save { name: String, data: String }
async fn d(web::Json(s): web::Json<Save>) -> std::io::Result<()> {
    let mut target = PathBuf::from("data");
    target.push(&s.name);
    let mut f = File::create(&target)?; //~ path-traversal
    f.write_all(s.data.as_bytes())
}
async fn e(Query(q): Query<Save>) { fs::remove_file(&q.name).ok(); } //~ path-traversal
fn load(dir: &path::Path, name: &str) -> std::io::Result<String> {
    fs::read_to_string(dir.join(name)) //~ path-traversal
}
async fn f(q: web::Query<Save>) { load(path::Path::new("/etc/app"), &q.name).unwrap(); }
async fn g(mut form: Multipart) {
    while let Some(field) = form.next_field().await.unwrap() {
        let name = field.file_name().unwrap().to_string();
        let data = field.bytes().await.unwrap();
        tokio::fs::write(format!("uploads/{name}"), data).await.unwrap(); //~ path-traversal
    }
}
fn h(data: &[u8], out: &path::Path) -> zip::result::ZipResult<()> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(data))?;
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i)?;
        let target = out.join(entry.name());
        let mut file = File::create(&target)?; //~ path-traversal
        std::io::copy(&mut entry, &mut file)?;
    }
    Ok(())
}
fn i(data: File, dest: &path::Path) -> std::io::Result<()> {
    let mut a = tar::Archive::new(data);
    for entry in a.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_path_buf();
        entry.unpack(dest.join(path))?; //~ path-traversal
    }
    Ok(())
}
#[get("/file/<name>")]
async fn j(name: String) -> Option<rocket::fs::NamedFile> {
    rocket::fs::NamedFile::open(path::Path::new("static/").join(name)).await.ok() //~ path-traversal
}
async fn k(Path(name): Path<String>) -> Result<String, Error> {
    let base = path::Path::new("/srv");
    let p = base.join(&name);
    if !p.starts_with(base) { return Err(Error::Forbidden); }
    let p = p.canonicalize()?;
    Ok(fs::read_to_string(p)?) //~ path-traversal
}
async fn l(Path(name): Path<String>) {
    let f = fs::OpenOptions::new().write(true).create(true).open(name).unwrap(); //~ path-traversal
}
"#,
    );
}

#[test]
fn good() {
    check(
        RULES,
        r#"
use actix_web::{web, HttpRequest};
use axum::extract::Path;
use std::fs;
use std::path::{self, Component, PathBuf};

async fn a(name: web::Path<String>) -> Result<String, Error> {
    let base = path::Path::new("/srv/files").canonicalize()?;
    let full = base.join(name.as_str()).canonicalize()?;
    if !full.starts_with(&base) { return Err(Error::Forbidden); }
    Ok(fs::read_to_string(full)?)
}
async fn b(Path(id): Path<u64>) -> Vec<u8> { fs::read(format!("data/{id}.bin")).unwrap() }
async fn c(Path(name): Path<String>) -> Option<Vec<u8>> {
    let name = path::Path::new(&name).file_name()?;
    fs::read(path::Path::new("data").join(name)).ok()
}
async fn d(Path(name): Path<String>) {
    if name.contains("..") || name.starts_with('/') { return; }
    fs::remove_file(format!("tmp/{name}")).unwrap();
}
async fn e(Path(name): Path<String>) {
    let p = PathBuf::from(&name);
    if p.components().any(|c| matches!(c, Component::ParentDir | Component::RootDir)) { return; }
    fs::read(path::Path::new("data").join(p)).unwrap();
}
async fn f(Path(name): Path<String>) {
    let file = match name.as_str() { "a" => "a.txt", "b" => "b.txt", _ => return };
    fs::read(file).unwrap();
}
fn g(data: &[u8], out: &path::Path) -> zip::result::ZipResult<()> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(data))?;
    for i in 0..archive.len() {
        let entry = archive.by_index(i)?;
        let Some(name) = entry.enclosed_name() else { continue };
        fs::File::create(out.join(name))?;
    }
    Ok(())
}
async fn h(Path(name): Path<String>) { fs::read(format!("data/{}", sanitize_filename::sanitize(&name))).unwrap(); }
fn i() -> std::io::Result<String> { fs::read_to_string("Cargo.toml") }
fn j(config: &path::Path) -> std::io::Result<String> { fs::read_to_string(config.join("app.toml")) }
async fn k(Path(id): Path<String>) {
    let id = uuid::Uuid::parse_str(&id).unwrap();
    fs::read(format!("data/{id}")).unwrap();
}
async fn l(Path(name): Path<String>) {
    if !name.chars().all(char::is_alphanumeric) { return; }
    fs::read(format!("data/{name}")).unwrap();
}
fn m(data: fs::File, dest: &path::Path) -> std::io::Result<()> { tar::Archive::new(data).unpack(dest) }
"#,
    );
}

#[test]
fn near_misses() {
    check(
        RULES,
        r#"
use axum::extract::Path;
use std::collections::HashMap;
async fn a(Path(key): Path<String>, files: HashMap<String, Vec<u8>>) { files.get(&key).unwrap(); }
async fn b(Path(text): Path<String>) { std::fs::write("out.txt", text).unwrap(); }
struct File { name: String }
impl File { fn open(name: &str) -> File { File { name: name.to_string() } } }
async fn c(Path(name): Path<String>) { File::open(&name); }
async fn d(Path(name): Path<String>) { let p = std::path::Path::new("a").join(&name); println!("{}", p.display()); }
fn e() { let home = std::env::var("HOME").unwrap(); std::fs::read(format!("{home}/.config/app")).unwrap(); }
async fn f(Path(name): Path<String>, db: Db) {
    let row = db.find(&name).await.unwrap();
    let stored = row.is_some();
    if stored { std::fs::read("stored.txt").unwrap(); }
}
"#,
    );
}
