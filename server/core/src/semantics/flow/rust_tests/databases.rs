use super::check;

const RULES: &[&str] = &["sql-injection"];

#[test]
fn bad() {
    check(
        RULES,
        r#"
use actix_web::web;
use axum::{extract::{Query, State, Path}, Json};
use rusqlite::{params, Connection};
use sqlx::{PgPool, Row};

#[derive(Deserialize)]
struct Search { name: String, page: i64 }

async fn a(pool: web::Data<PgPool>, q: web::Query<Search>) {
    let sql = format!("SELECT * FROM users WHERE name = '{}'", q.name);
    sqlx::query(&sql).fetch_all(pool.get_ref()).await.unwrap(); //~ sql-injection
}
async fn b(State(pool): State<PgPool>, Query(q): Query<Search>) {
    let rows = sqlx::query_as::<_, User>(&format!("SELECT * FROM users WHERE name LIKE '%{}%'", q.name)) //~ sql-injection
        .fetch_all(&pool)
        .await;
}
async fn c(Path(id): Path<String>) -> rusqlite::Result<()> {
    let conn = Connection::open("app.db")?;
    conn.execute(&format!("DELETE FROM users WHERE id = {id}"), params![])?; //~ sql-injection
    Ok(())
}
async fn d(web::Json(s): web::Json<Search>, conn: &Connection) {
    let mut stmt = conn.prepare(&("SELECT id FROM t WHERE n = '".to_owned() + &s.name + "'")).unwrap(); //~ sql-injection
}
async fn e(client: &tokio_postgres::Client, form: web::Form<Search>) {
    let mut sql = String::from("SELECT * FROM t WHERE 1=1");
    if !form.name.is_empty() { sql.push_str(&format!(" AND name = '{}'", form.name)); }
    client.query(&sql, &[]).await.unwrap(); //~ sql-injection
}
async fn f(conn: &mut mysql::PooledConn, path: web::Path<String>) {
    let name = path.into_inner();
    conn.query_drop(format!("DROP TABLE {}", name)).unwrap(); //~ sql-injection
}
async fn g(db: &DatabaseConnection, q: Query<Search>) {
    let s = sea_orm::Statement::from_string(db.get_database_backend(), format!("SELECT * FROM c WHERE n = '{}'", q.name)); //~ sql-injection
}
fn h(conn: &mut PgConnection) {
    let name = std::env::args().nth(1).unwrap();
    diesel::sql_query(format!("SELECT * FROM users WHERE name = '{name}'")).load::<User>(conn); //~ sql-injection
}
async fn find(pool: &PgPool, filter: &str) {
    sqlx::query(&format!("SELECT 1 FROM t WHERE {filter}")).execute(pool).await.unwrap(); //~ sql-injection
}
async fn i(pool: web::Data<PgPool>, q: web::Query<Search>) { find(&pool, &q.name).await; }
struct Repo { conn: Connection }
impl Repo {
    fn by_name(&self, name: &str) -> rusqlite::Result<User> {
        self.conn.query_row(&format!("SELECT * FROM u WHERE n = '{}'", name), [], |r| Ok(User { id: r.get(0)? })) //~ sql-injection
    }
}
async fn j(repo: web::Data<Repo>, q: web::Query<Search>) { repo.by_name(&q.name).unwrap(); }
#[get("/u/<name>")]
async fn k(name: &str, db: &State<PgPool>) -> String {
    let order = format!("SELECT * FROM u ORDER BY {name}");
    sqlx::query_scalar::<_, i64>(&order).fetch_one(db.inner()).await.unwrap(); //~ sql-injection
    String::new()
}
async fn l(pool: web::Data<PgPool>, q: web::Query<Search>) {
    let mut b = sqlx::QueryBuilder::new("SELECT * FROM t WHERE n = ");
    b.push(&q.name); //~ sql-injection
}
async fn m(req: actix_web::HttpRequest, db: web::Data<Db>) {
    let id = req.query_string();
    db.execute(&format!("UPDATE t SET x = 1 WHERE id = {}", id)).await; //~ sql-injection
}
"#,
    );
}

#[test]
fn good() {
    check(
        RULES,
        r#"
use actix_web::web;
use axum::extract::{Query, State, Path};
use rusqlite::{params, Connection};
use sqlx::PgPool;

#[derive(Deserialize)]
struct Search { name: String, page: i64, sort: Sort }

async fn a(pool: web::Data<PgPool>, q: web::Query<Search>) {
    sqlx::query("SELECT * FROM users WHERE name = $1").bind(&q.name).fetch_all(pool.get_ref()).await.unwrap();
}
async fn b(State(pool): State<PgPool>, Query(q): Query<Search>) {
    let sql = format!("SELECT * FROM users LIMIT 10 OFFSET {}", q.page * 10);
    sqlx::query(&sql).fetch_all(&pool).await.unwrap();
}
async fn c(Path(id): Path<i64>) -> rusqlite::Result<()> {
    let conn = Connection::open("app.db")?;
    conn.execute(&format!("DELETE FROM users WHERE id = {id}"), [])?;
    Ok(())
}
async fn d(Path(id): Path<String>, conn: &Connection) { conn.execute("DELETE FROM users WHERE id = ?1", params![id]).unwrap(); }
async fn e(q: web::Query<Search>, pool: &PgPool) {
    let column = match q.name.as_str() { "name" => "name", "age" => "age", _ => "id" };
    sqlx::query(&format!("SELECT * FROM t ORDER BY {column}")).fetch_all(pool).await.unwrap();
}
async fn f(q: web::Query<Search>, pool: &PgPool) {
    const COLUMNS: [&str; 2] = ["a", "b"];
    if !COLUMNS.contains(&q.name.as_str()) { return; }
    sqlx::query(&format!("SELECT {} FROM t", q.name)).fetch_all(pool).await.unwrap();
}
async fn g(q: web::Query<Search>, pool: &PgPool) { sqlx::query!("SELECT * FROM t WHERE n = $1", q.name).fetch_all(pool).await.unwrap(); }
async fn h(pool: &PgPool) { let table = "users"; sqlx::query(&format!("SELECT * FROM {table}")).fetch_all(pool).await.unwrap(); }
async fn i(client: &tokio_postgres::Client, q: web::Query<Search>) { client.query("SELECT * FROM t WHERE n = $1", &[&q.name]).await.unwrap(); }
async fn j(pool: &PgPool, q: web::Query<Search>) {
    let mut b = sqlx::QueryBuilder::new("SELECT * FROM t WHERE n = ");
    b.push_bind(q.name.clone());
}
async fn k(pool: &PgPool, ids: web::Json<Vec<i64>>) {
    let marks = ids.iter().map(|_| "?").collect::<Vec<_>>().join(",");
    sqlx::query(&format!("SELECT * FROM t WHERE id IN ({marks})")).fetch_all(pool).await.unwrap();
}
async fn l(conn: &mut PgConnection, q: web::Query<Search>) { users::table.filter(users::name.eq(&q.name)).load::<User>(conn).unwrap(); }
"#,
    );
}

#[test]
fn near_misses() {
    check(
        RULES,
        r#"
use actix_web::web;
struct Engine;
impl Engine { fn query(&self, text: &str) -> Vec<u32> { Vec::new() } }
async fn a(q: web::Query<String>) { Engine.query(&format!("SELECT {}", q.into_inner())); }
async fn b(q: web::Path<String>, index: Index) { index.query(&q.into_inner()).await; }
async fn c(q: web::Path<String>) { let text = format!("select {} from the list", q); println!("{text}"); }
async fn d(path: web::Path<String>, pool: &PgPool) {
    let id: uuid::Uuid = path.parse().unwrap();
    sqlx::query(&format!("SELECT * FROM t WHERE id = '{id}'")).execute(pool).await.unwrap();
}
async fn e(path: web::Path<String>, runner: &Runner) { runner.execute(&path).await; }
async fn f(path: web::Path<String>, pool: &PgPool) {
    sqlx::query(&format!("SELECT * FROM t WHERE n = {}", path.len())).execute(pool).await.unwrap();
}
"#,
    );
}
