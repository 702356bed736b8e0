use super::check;

#[test]
fn sensitive_data() {
    check(
        &["clear-text-logging", "clear-text-storage", "password-hash-too-fast"],
        r#"
use log::info;
use sha2::{Digest, Sha256};
struct User { password: String, name: String }
fn a(user: &User) { info!("login {}", user.password); } //~ clear-text-logging
fn b(user: &User) { let password = user.password.clone(); println!("{password}"); } //~ clear-text-logging
fn c(user: &User) { std::fs::write("p.txt", &user.password).unwrap(); } //~ clear-text-storage
fn d(user: &User) { info!("login {}", user.name); }
fn e(user: &User) { let password = user.password.clone(); info!("length {}", password.len()); }
fn f(user: &User) { let password = user.password.clone(); let d = Sha256::digest(password.as_bytes()); } //~ password-hash-too-fast
fn g(user: &User) { let password = user.password.clone(); let mut h = Sha256::new(); h.update(password); } //~ password-hash-too-fast
fn h(user: &User) { let password = user.password.clone(); let h = bcrypt::hash(password, 12).unwrap(); info!("{h}"); }
fn i(data: &[u8]) { let d = Sha256::digest(data); info!("{:?}", d); }
fn j(user: &User) { let masked = mask(&user.password); info!("{masked}"); }
"#,
    );
}
