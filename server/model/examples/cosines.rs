use sidenote_model::{
    client::Options,
    embed::{Embedder, launch},
    store::{Folders, Store},
};
use std::io::Read;
fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let texts: Vec<String> = text.split('\0').map(str::to_owned).collect();
    let store = Store::open(Folders::of_user().unwrap()).unwrap();
    let model = store.model(store.encoder()).unwrap();
    let l = launch(std::path::Path::new(&std::env::args().nth(1).unwrap()), &model, 1, false);
    let (e, _) = Embedder::new(l, Options::default(), &model.entry.sha256, std::path::Path::new("/tmp/me/v.db"));
    let rows = e.cosines(&texts, &texts, std::time::Duration::from_secs(3000)).unwrap();
    let mut out = Vec::new();
    for r in rows {
        for x in r.unwrap_or_else(|| vec![0.0; texts.len()]) {
            out.extend(x.to_le_bytes());
        }
    }
    std::fs::write(std::env::args().nth(2).unwrap(), out).unwrap();
}
