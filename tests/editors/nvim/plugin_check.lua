-- nvim --headless --clean -l plugin_check.lua PLUGIN FOLDER -- SERVER [ARGS...]
-- The plugin as a user has it: its configuration, commands, virtual lines, annotations, health check and help.
local plugin, folder = arg[1], arg[2]
local command = vim.list_slice(arg, 4)
local WAIT, TICK = 10000, 10

local function die(message)
  io.stderr:write("plugin_check.lua: " .. message .. "\n")
  os.exit(1)
end

local function wait_for(what, condition)
  if not vim.wait(WAIT, condition, TICK) then
    die(("no %s within %d s; diagnostics now: %s"):format(what, WAIT / 1000, vim.inspect(vim.diagnostic.get(0))))
  end
end

local function same(what, got, want)
  if not vim.deep_equal(got, want) then
    die(("%s: %s, not %s"):format(what, vim.inspect(got), vim.inspect(want)))
  end
end

local function text_of(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
end

local messages = {}
vim.notify = function(message)
  table.insert(messages, message)
end

vim.opt.runtimepath:append(plugin)
vim.cmd.runtime("plugin/sidenote.lua")
vim.cmd.helptags(plugin .. "/doc")
vim.cmd.cd(folder)
-- Only the program is the test's; the rest is the configuration that comes with the plugin.
vim.lsp.config("sidenote", { cmd = command })
vim.lsp.enable("sidenote")
same("file types", vim.lsp.config.sidenote.filetypes[1], "rust")

vim.cmd.edit("report.ts")
vim.bo.filetype = "typescript"
vim.api.nvim_exec_autocmds("FileType", { pattern = "typescript" }) -- `-l` runs before the start-up autocommands
local buffer = vim.api.nvim_get_current_buf()
wait_for("findings", function()
  return #vim.diagnostic.get(buffer) == 3
end)
same("root", vim.lsp.get_clients({ bufnr = buffer })[1].root_dir, vim.uv.cwd())

-- The way of the data.
local injection = vim.tbl_filter(function(item)
  return item.code == "command-injection"
end, vim.diagnostic.get(buffer))[1]
vim.api.nvim_win_set_cursor(0, { injection.lnum + 1, injection.col })
vim.cmd.SidenoteFlow()
local space = vim.api.nvim_get_namespaces()["sidenote/flow"]
local function drawn()
  local marks = vim.api.nvim_buf_get_extmarks(buffer, space, 0, -1, { details = true })
  local lines = {}
  for _, mark in ipairs(marks) do
    for _, line in ipairs(mark[4].virt_lines) do
      table.insert(lines, { mark[2], line[1][1] })
    end
  end
  return lines
end
local steps = drawn()
if #steps < 4 or steps[1][1] ~= 5 or not steps[1][2]:find("^ +╰ 1%. The request's data comes in") then
  die("the way of the data is drawn as " .. vim.inspect(steps))
end
vim.cmd.SidenoteFlow()
same("the way of the data, hidden", drawn(), {})

-- Annotations.
vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
wait_for("annotations", function()
  return #vim.lsp.inlay_hint.get({ bufnr = buffer }) == 3
end)

-- Explanations: by command, and from a code action.
vim.cmd.SidenoteExplain()
wait_for("a rule's page", function()
  return text_of(0):find("# command-injection", 1, true) ~= nil
end)
same("the page's type", vim.bo.filetype, "markdown")
vim.cmd.close()
vim.cmd.SidenoteExplain("no-such-rule")
wait_for("a complaint", function()
  return #messages == 1 and messages[1]:find("there is no rule", 1, true) ~= nil
end)
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action)
    return vim.startswith(action.title, "Explain")
  end,
})
wait_for("the page again", function()
  return text_of(0):find("# command-injection", 1, true) ~= nil
end)
vim.cmd.close()

-- The workspace.
vim.cmd.SidenoteScan()
wait_for("the quickfix list", function()
  return vim.fn.getqflist({ title = 0 }).title == "Sidenote"
end)
local files = {}
for _, item in ipairs(vim.fn.getqflist()) do
  files[vim.fn.fnamemodify(vim.api.nvim_buf_get_name(item.bufnr), ":t")] = true
end
same("files in the quickfix list", files, { ["report.ts"] = true, ["other.ts"] = true })
vim.cmd.SidenoteReport()
wait_for("the report", function()
  return text_of(0):find("# Sidenote report", 1, true) ~= nil
end)
vim.cmd.close()

-- Health and help.
vim.cmd.checkhealth("sidenote")
local health = text_of(0)
if not health:find("a server runs for", 1, true) or health:find("ERROR", 1, true) then
  die("the health check says\n" .. health)
end
vim.cmd.bdelete()
vim.cmd.help("SidenoteFlow")
vim.cmd.helpclose()

vim.cmd.buffer(buffer)
vim.cmd.SidenoteRestart()
wait_for("findings after a restart", function()
  return #vim.lsp.get_clients({ name = "sidenote" }) == 1 and #vim.diagnostic.get(buffer) == 3
end)
vim.lsp.enable("sidenote", false)
for _, client in ipairs(vim.lsp.get_clients()) do
  client:stop()
end
wait_for("the end", function()
  return #vim.lsp.get_clients() == 0
end)
print("the plugin does what it should")
