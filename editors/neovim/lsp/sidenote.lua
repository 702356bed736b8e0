-- Sidenote for Neovim 0.11 and later: put this folder on the runtime path, then `vim.lsp.enable("sidenote")`.
return {
  cmd = { "sidenote", "lsp" },
  filetypes = { "rust", "typescript", "typescriptreact", "javascript", "javascriptreact" },
  root_markers = { "sidenote.toml", ".git" },
  -- The plugin shows rules and the report in windows of their own.
  init_options = { showsDocuments = true },
}
