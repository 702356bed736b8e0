use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::BlockKind;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::string_value;
use crate::rules::{Case, Check, Cx, Docs, Rule};

pub static RULE: Rule = Rule {
    id: "missing-lazy-import",
    summary: "all pages of an application are loaded with its first one",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds files with a router that import four and more page modules (`./pages/..`, `./views/..`, \
               `./screens/..`, `./routes/..`) in the ordinary way and show them as routes.",
        why: "Everybody downloads and runs all pages to see the first one. With `import()` each page is loaded \
               when it is opened.",
        example: "import Admin from './pages/Admin';\n...\n<Route path=\"/admin\" element={<Admin />} />",
        instead: "const Admin = lazy(() => import('./pages/Admin'));\n...\n<Route path=\"/admin\" element={<Admin />} />",
        limits: "Off by default: what it is worth depends on the size of the pages, and frameworks with file \
               routes (Next, Remix) split them by themselves.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.jsx",
            "import Home from './pages/Home'; //~ missing-lazy-import\nimport About from './pages/About';\nimport Admin from './pages/Admin';\nimport Orders from './pages/Orders';\nimport Users from './pages/Users';\nexport const App = () => <Routes>\n  <Route path=\"/home\" element={<Home />} />\n  <Route path=\"/about\" element={<About />} />\n  <Route path=\"/admin\" element={<Admin />} />\n  <Route path=\"/orders\" element={<Orders />} />\n  <Route path=\"/users\" element={<Users />} />\n</Routes>;",
        ),
        Case::bad(
            "a.tsx",
            "import Home from './views/Home'; //~ missing-lazy-import\nimport About from './views/About';\nimport Admin from './views/Admin';\nimport Orders from './views/Orders';\nimport Users from './views/Users';\nconst routes = [Home, About, Admin, Orders, Users].map((C) => <Route key={C.name} element={<C />} />);\nexport const shown = <div><Route element={<Home />} /><Route element={<About />} /><Route element={<Admin />} /><Route element={<Orders />} /></div>;",
        ),
        Case::bad(
            "a.jsx",
            "import Home from './pages/Home'; //~ missing-lazy-import\nimport About from './pages/About';\nimport Admin from './pages/Admin';\nimport Orders from './pages/Orders';\nimport Users from './pages/Users';\nexport default createBrowserRouter([\n  { path: '/', element: <Home /> },\n  { path: '/a', element: <About /> },\n  { path: '/b', element: <Admin /> },\n  { path: '/c', element: <Orders /> },\n]);",
        ),
        Case::bad(
            "a.js",
            "import Home from './screens/Home'; //~ missing-lazy-import\nimport About from './screens/About';\nimport Admin from './screens/Admin';\nimport Orders from './screens/Orders';\nimport Users from './screens/Users';\nexport const router = createRouter({ routes: [\n  { path: '/', component: Home },\n  { path: '/a', component: About },\n  { path: '/b', component: Admin },\n  { path: '/c', component: Orders },\n] });",
        ),
        Case::good(
            "a.jsx",
            "const Home = lazy(() => import('./pages/Home'));\nexport const App = () => <Routes><Route path=\"/\" element={<Home />} /></Routes>;",
        ),
        Case::good(
            "a.jsx",
            "import Home from './pages/Home';\nimport About from './pages/About';\nimport Admin from './pages/Admin';\nimport Orders from './pages/Orders';\nimport Users from './pages/Users';\nexport const all = [Home, About, Admin, Orders, Users];",
        ),
        Case::good(
            "a.jsx",
            "import Home from './pages/Home';\nimport About from './pages/About';\nexport const App = () => <Routes><Route element={<Home />} /><Route element={<About />} /></Routes>;",
        ),
        Case::good(
            "a.js",
            "import a from './a';\nimport b from './b';\nimport c from './c';\nimport d from './d';\nexport const router = { a, b, c, d };",
        ),
        Case::near_miss(
            "a.jsx",
            "import Home from './components/Home';\nimport About from './components/About';\nimport Admin from './components/Admin';\nimport Orders from './components/Orders';\nimport Users from './components/Users';\nexport const App = () => <Routes>\n  <Route path=\"/home\" element={<Home />} />\n  <Route path=\"/about\" element={<About />} />\n  <Route path=\"/admin\" element={<Admin />} />\n  <Route path=\"/orders\" element={<Orders />} />\n  <Route path=\"/users\" element={<Users />} />\n</Routes>;",
        ),
        Case::near_miss(
            "a.js",
            "import Home from './pages/Home';\nimport About from './pages/About';\nimport Admin from './pages/Admin';\nimport Orders from './pages/Orders';\nimport Users from './pages/Users';\nexport function render(name) { return { Home, About, Admin, Orders, Users }[name]; }",
        ),
        Case::bad(
            "a.tsx",
            "import Home from './screens/Home'; //~ missing-lazy-import\nimport About from './screens/About';\nimport Admin from './screens/Admin';\nimport Orders from './screens/Orders';\nimport Users from './screens/Users';\nexport const App = () => <Routes><Route path=\"/Home\" element={<Home />} /><Route path=\"/About\" element={<About />} /><Route path=\"/Admin\" element={<Admin />} /><Route path=\"/Orders\" element={<Orders />} /><Route path=\"/Users\" element={<Users />} /></Routes>;",
        ),
        Case::bad(
            "a.tsx",
            "import Home from './routes/Home'; //~ missing-lazy-import\nimport About from './routes/About';\nimport Admin from './routes/Admin';\nimport Orders from './routes/Orders';\nimport Users from './routes/Users';\nexport default createBrowserRouter([{ path: '/Home', element: <Home /> }, { path: '/About', element: <About /> }, { path: '/Admin', element: <Admin /> }, { path: '/Orders', element: <Orders /> }, { path: '/Users', element: <Users /> }]);",
        ),
        Case::bad(
            "a.tsx",
            "import Home from './pages/Home'; //~ missing-lazy-import\nimport About from './pages/About';\nimport Admin from './pages/Admin';\nimport Orders from './pages/Orders';\nimport Users from './pages/Users';\nexport const routes = [{ path: '/Home', component: Home }, { path: '/About', component: About }, { path: '/Admin', component: Admin }, { path: '/Orders', component: Orders }, { path: '/Users', component: Users }];",
        ),
        Case::bad(
            "a.tsx",
            "import Home from './views/main/Home'; //~ missing-lazy-import\nimport About from './views/main/About';\nimport Admin from './views/main/Admin';\nimport Orders from './views/main/Orders';\nimport Users from './views/main/Users';\nexport const App = () => <Routes><Route path=\"/Home\" element={<Home />} /><Route path=\"/About\" element={<About />} /><Route path=\"/Admin\" element={<Admin />} /><Route path=\"/Orders\" element={<Orders />} /><Route path=\"/Users\" element={<Users />} /></Routes>;",
        ),
        Case::good("a.tsx", "import Home from './pages/Home';\nexport const App = () => <Home />;"),
        Case::good(
            "a.tsx",
            "const Home = lazy(() => import('./pages/Home'));\nexport const App = () => <Route element={<Home />} />;",
        ),
        Case::good(
            "a.tsx",
            "import Home from './components/Home';\nimport About from './components/About';\nimport Admin from './components/Admin';\nimport Orders from './components/Orders';\nimport Users from './components/Users';\nexport const App = () => <Routes><Route path=\"/Home\" element={<Home />} /><Route path=\"/About\" element={<About />} /><Route path=\"/Admin\" element={<Admin />} /><Route path=\"/Orders\" element={<Orders />} /><Route path=\"/Users\" element={<Users />} /></Routes>;",
        ),
        Case::good(
            "a.tsx",
            "import Home from './pages/Home';\nimport About from './pages/About';\nexport const App = () => <Routes><Route element={<Home />} /><Route element={<About />} /></Routes>;",
        ),
        Case::near_miss(
            "a.tsx",
            "import Home from './pages/Home';\nimport About from './pages/About';\nimport Admin from './pages/Admin';\nimport Orders from './pages/Orders';\nimport Users from './pages/Users';\nexport const titles = [Home.title, About.title, Admin.title, Orders.title, Users.title];",
        ),
        Case::near_miss(
            "a.tsx",
            "import type Home from './pages/Home';\nimport type About from './pages/About';\nimport type Admin from './pages/Admin';\nimport type Orders from './pages/Orders';\nimport type Users from './pages/Users';\nexport type All = Home | About | Admin | Orders | Users;",
        ),
    ],
};

/// Pages from which on a split is worth a word.
const ENOUGH: usize = 4;

fn check(cx: &mut Cx<'_>) {
    if cx.block.kind() != BlockKind::Module {
        return;
    }
    let arena = cx.arena();
    let mut pages = Vec::new();
    for import in arena.root().named_children().filter(|n| n.kind() == Kind::ImportStatement) {
        let Some(source) = import.child(Field::Source).and_then(string_value) else { continue };
        let is_page = source.starts_with('.')
            && source.split('/').any(|part| matches!(part, "pages" | "views" | "screens" | "routes"));
        let name = import.descendants().find(|n| n.kind() == Kind::Identifier);
        if let Some(name) = name.filter(|_| is_page) {
            pages.push((name.text(), import));
        }
    }
    if pages.len() < ENOUGH {
        return;
    }
    let mut shown: Vec<&str> = Vec::new();
    let blocks = cx.block.children().map(|c| c.arena()).chain(std::iter::once(cx.block.arena()));
    for node in blocks.flat_map(|a| a.nodes()) {
        let name = match node.kind() {
            // `element={<Page />}` and `{ element: <Page /> }`.
            Kind::JsxSelfClosingElement => {
                let routed = node.ancestors().take(3).any(|a| match a.kind() {
                    Kind::JsxAttribute => {
                        a.first_named().is_some_and(|n| matches!(n.text(), "element" | "component" | "render"))
                    }
                    Kind::Pair => a.child(Field::Key).is_some_and(|k| matches!(k.text(), "element" | "component")),
                    _ => false,
                });
                node.child(Field::Name).filter(|_| routed)
            }
            Kind::Pair => node
                .child(Field::Key)
                .filter(|k| matches!(k.text(), "component" | "Component"))
                .and_then(|_| node.child(Field::Value)),
            _ => None,
        };
        let Some(name) = name.map(|n| n.text()) else { continue };
        if pages.iter().any(|(page, _)| *page == name) && !shown.contains(&name) {
            shown.push(name);
        }
    }
    let Some((_, first)) = pages.iter().find(|(page, _)| shown.contains(page)).filter(|_| shown.len() >= ENOUGH) else {
        return;
    };
    let message = format!(
        "{} pages are loaded with the first one. Load each when it is opened: `lazy(() => import(..))`.",
        shown.len()
    );
    cx.report(Note::new(cx.rule, first.span(), message));
}
