-- `:checkhealth sidenote`
local M = {}

function M.check()
  local health = vim.health
  health.start("sidenote")
  if vim.fn.has("nvim-0.11") == 0 then
    return health.error("Neovim 0.11 or newer is needed")
  end
  local config = vim.lsp.config["sidenote"]
  if config == nil then
    return health.error("there is no configuration", "put editors/neovim on the 'runtimepath'")
  end
  local program = type(config.cmd) == "table" and config.cmd[1] or nil
  if program == nil then
    health.info("the configuration starts the server by a function")
  elseif vim.fn.executable(program) == 0 then
    health.error(("`%s` is not on the PATH"):format(program), {
      "install it: `cargo install --path server/cli` in Sidenote's repository",
      'or say where it is: vim.lsp.config("sidenote", { cmd = { "/path/to/sidenote", "lsp" } })',
    })
  else
    local done = vim.system({ program, "--version" }, { text = true }):wait(5000)
    local version = (done.stdout or ""):match("^sidenote (%S+)")
    if version then
      health.ok(("%s, version %s"):format(vim.fn.exepath(program), version))
    else
      health.info(("`%s --version` does not answer as sidenote does"):format(program))
    end
  end
  if vim.lsp.is_enabled and not vim.lsp.is_enabled("sidenote") then
    health.warn("it is not enabled", 'vim.lsp.enable("sidenote")')
  end
  local clients = vim.lsp.get_clients({ name = "sidenote" })
  if #clients == 0 then
    health.info("no server runs: none of the open buffers is Rust, TypeScript or JavaScript")
  end
  for _, client in ipairs(clients) do
    health.ok(("a server runs for %s"):format(client.root_dir or "single files"))
  end
end

return M
