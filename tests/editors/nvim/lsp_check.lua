-- nvim --headless --clean -l lsp_check.lua FOLDER OUT.json -- SERVER [ARGS...]     (Neovim >= 0.11)
-- Opens FOLDER/report.ts and FOLDER/client.rs, types, applies a fix and a suppression with the editor's own code, and
-- writes what was seen to OUT.json. Exits 1 with a message when something does not come about.
local folder, out = arg[1], arg[2]
local command = vim.list_slice(arg, 4)
local WAIT, TICK = 10000, 10
local RULE = "tls-verification-disabled"

local function die(message)
  io.stderr:write("lsp_check.lua: " .. message .. "\n")
  os.exit(1)
end

local function wait_for(what, condition)
  if not vim.wait(WAIT, condition, TICK) then
    die(("no %s within %d s; diagnostics now: %s"):format(what, WAIT / 1000, vim.inspect(vim.diagnostic.get(0))))
  end
end

vim.lsp.log.set_level("debug")
local exit
vim.lsp.config("sidenote", {
  cmd = command,
  filetypes = { "typescript", "rust" },
  root_dir = vim.fn.fnamemodify(folder, ":p"),
  on_exit = function(code, signal)
    exit = { code = code, signal = signal }
  end,
})
vim.lsp.enable("sidenote")

local function open(name, filetype)
  vim.cmd.edit(vim.fs.joinpath(folder, name))
  vim.bo.filetype = filetype
  vim.api.nvim_exec_autocmds("FileType", { pattern = filetype }) -- `-l` runs before the start-up autocommands
  local buffer = vim.api.nvim_get_current_buf()
  wait_for("client for " .. name, function()
    local client = vim.lsp.get_clients({ bufnr = buffer })[1]
    return client ~= nil and client.initialized
  end)
  return buffer, vim.lsp.get_clients({ bufnr = buffer })[1]
end

local function findings(buffer)
  return vim.tbl_filter(function(item)
    return item.code == RULE
  end, vim.diagnostic.get(buffer))
end

local function described(buffer)
  wait_for("finding", function()
    return #findings(buffer) > 0
  end)
  return vim.tbl_map(function(item)
    return {
      line = item.lnum,
      code = item.code,
      source = item.source,
      severity = vim.diagnostic.severity[item.severity],
      message = item.message,
      text = table.concat(vim.api.nvim_buf_get_text(buffer, item.lnum, item.col, item.end_lnum, item.end_col, {}), "\n"),
    }
  end, findings(buffer))
end

local function gone(buffer, what)
  wait_for("end of the finding after " .. what, function()
    return #vim.diagnostic.get(buffer) == 0
  end)
end

-- Replaces the first `old` of the buffer as typing would, one change to the server.
local function replace(buffer, old, new)
  for row, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    local from, to = line:find(old, 1, true)
    if from then
      vim.api.nvim_buf_set_text(buffer, row - 1, from - 1, row - 1, to, { new })
      return
    end
  end
  die(("`%s` is not in the buffer"):format(old))
end

local function apply(buffer, what, accepts)
  local before = vim.api.nvim_buf_get_changedtick(buffer)
  local finding = findings(buffer)[1]
  vim.api.nvim_win_set_cursor(0, { finding.lnum + 1, finding.col })
  local applied
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      if applied or not accepts(action) then
        return false
      end
      applied = action.title
      return true
    end,
  })
  wait_for(what, function()
    return vim.api.nvim_buf_get_changedtick(buffer) > before
  end)
  return applied, vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
end

local function suppresses(action)
  return action.title:lower():find("suppress", 1, true) ~= nil or action.title:lower():find("allow", 1, true) ~= nil
end

local result = { nvim = tostring(vim.version()) }
local buffer, client = open("report.ts", "typescript")
result.server, result.encoding = client.server_info, client.offset_encoding
result.typescript = described(buffer)

replace(buffer, "rejectUnauthorized: false", "rejectUnauthorized: true")
gone(buffer, "typing")
replace(buffer, "rejectUnauthorized: true", "rejectUnauthorized: false")
result.typescript_again = described(buffer)

result.fix, result.after_fix = apply(buffer, "fix", function(action)
  return not suppresses(action)
end)
gone(buffer, "the fix")
vim.cmd.undo()
described(buffer)
result.suppression, result.after_suppression = apply(buffer, "suppression", suppresses)
gone(buffer, "the suppression")

local rust = open("client.rs", "rust")
result.rust = described(rust)
vim.api.nvim_win_set_cursor(0, { findings(rust)[1].lnum + 1, findings(rust)[1].col })
local hover = client:request_sync("textDocument/hover", vim.lsp.util.make_position_params(0, client.offset_encoding), WAIT, rust)
result.hover = hover and hover.result and hover.result.contents or vim.NIL

client:stop()
wait_for("end of the server", function()
  return exit ~= nil
end)
result.exit = exit
local file = assert(io.open(out, "w"))
file:write(vim.json.encode(result))
file:close()
