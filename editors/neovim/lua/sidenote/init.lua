-- Sidenote in Neovim: rules, reports and the way of the data in windows and lines of their own.
local M = {}

local NAME = "sidenote"
local flows = vim.api.nvim_create_namespace("sidenote/flow")

---@param message string
local function warn(message)
  vim.notify("sidenote: " .. message, vim.log.levels.WARN)
end

--- The running client: that of the buffer, else any.
---@return vim.lsp.Client?
function M.client()
  local here = vim.lsp.get_clients({ name = NAME, bufnr = vim.api.nvim_get_current_buf() })
  return here[1] or vim.lsp.get_clients({ name = NAME })[1]
end

--- Has the server execute a command, and hands its result over.
local function execute(command, arguments, done)
  local client = M.client()
  if client == nil then
    return warn('the server does not run here; `vim.lsp.enable("sidenote")` starts it, `:checkhealth sidenote` may say more')
  end
  client:request("workspace/executeCommand", { command = command, arguments = arguments }, function(failure, result)
    if failure ~= nil then
      return warn(failure.message)
    end
    done(result)
  end)
end

--- Shows Markdown in a window below.
local function show(name, markdown)
  local buffer = vim.fn.bufnr("^" .. vim.fn.escape(name, "*?[]{}\\ ") .. "$")
  if buffer == -1 then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, name)
    vim.bo[buffer].filetype = "markdown"
    vim.keymap.set("n", "q", "<cmd>close<cr>", { buffer = buffer, nowait = true, desc = "Close" })
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(markdown, "\n"))
  vim.bo[buffer].modifiable = false
  local window = vim.fn.bufwinid(buffer)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    vim.api.nvim_open_win(buffer, true, { split = "below", win = 0 })
  end
end

--- The finding at the cursor: the one that covers it, else the first of its line.
---@return vim.Diagnostic?
local function finding()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local here = vim.tbl_filter(function(item)
    return item.source == NAME
  end, vim.diagnostic.get(0, { lnum = row - 1 }))
  for _, item in ipairs(here) do
    if item.col <= column and (item.end_lnum > item.lnum or column <= item.end_col) then
      return item
    end
  end
  return here[1]
end

--- Explains a rule, by default that of the finding at the cursor.
---@param rule string?
function M.explain(rule)
  if rule == nil or rule == "" then
    local here = finding()
    if here == nil then
      return warn("there is no finding at the cursor; name a rule: `:SidenoteExplain sql-injection`")
    end
    rule = tostring(here.code)
  end
  execute("sidenote.explain", { rule }, function(page)
    show("sidenote://rules/" .. page.rule .. ".md", page.markdown)
  end)
end

--- Shows the way of the data of the finding at the cursor, as virtual lines below each step; hides it if it is shown.
function M.flow()
  local buffer = vim.api.nvim_get_current_buf()
  local shown = #vim.api.nvim_buf_get_extmarks(buffer, flows, 0, -1, { limit = 1 }) > 0
  vim.api.nvim_buf_clear_namespace(buffer, flows, 0, -1)
  if shown then
    return
  end
  local here = finding()
  local steps = here and vim.tbl_get(here, "user_data", "lsp", "relatedInformation") or {}
  if #steps == 0 then
    return warn("no data flows into a finding at the cursor")
  end
  local client = M.client()
  local encoding = client and client.offset_encoding or "utf-16"
  local uri = vim.uri_from_bufnr(buffer)
  local by_line, elsewhere = {}, {}
  for number, step in ipairs(steps) do
    local text = ("%d. %s"):format(number, step.message)
    if step.location.uri == uri then
      local start = step.location.range.start
      local line = vim.api.nvim_buf_get_lines(buffer, start.line, start.line + 1, false)[1] or ""
      local ok, column = pcall(vim.str_byteindex, line, encoding, start.character, false)
      local indent = vim.fn.strdisplaywidth(line:sub(1, ok and column or 0))
      by_line[start.line] = by_line[start.line] or {}
      table.insert(by_line[start.line], { { (" "):rep(indent) .. "╰ " .. text, "DiagnosticVirtualTextInfo" } })
    else
      local file = vim.fn.fnamemodify(vim.uri_to_fname(step.location.uri), ":.")
      table.insert(elsewhere, { { ("  %s:%d  %s"):format(file, step.location.range.start.line + 1, text), "DiagnosticVirtualTextInfo" } })
    end
  end
  for line, texts in pairs(by_line) do
    vim.api.nvim_buf_set_extmark(buffer, flows, line, 0, { virt_lines = texts })
  end
  if #elsewhere > 0 then
    vim.api.nvim_buf_set_extmark(buffer, flows, here.lnum, 0, { virt_lines = elsewhere })
  end
  -- Edits make it old.
  vim.api.nvim_create_autocmd({ "TextChanged", "TextChangedI" }, {
    buffer = buffer,
    once = true,
    callback = function()
      vim.api.nvim_buf_clear_namespace(buffer, flows, 0, -1)
    end,
  })
end

--- Applies every safe fix of the buffer.
function M.fix()
  execute("sidenote.fixAll", { vim.uri_from_bufnr(0) }, function(result)
    if not result.applied then
      vim.notify("sidenote: nothing here can be fixed safely")
    end
  end)
end

--- Scans the workspace; the findings come to the quickfix list.
function M.scan()
  execute("sidenote.scanWorkspace", {}, function(sum)
    local function list()
      local items = vim.tbl_filter(function(item)
        return item.source == NAME
      end, vim.diagnostic.get())
      vim.fn.setqflist({}, " ", { title = "Sidenote", items = vim.diagnostic.toqflist(items) })
      vim.notify(("sidenote: %d findings in %d files, health %s/100"):format(sum.findings, sum.files, sum.health))
    end
    -- The diagnostics were sent before the answer; they are taken in first.
    vim.schedule(list)
  end)
end

--- Shows a report of the workspace.
function M.report()
  execute("sidenote.report", {}, function(page)
    show("sidenote://report.md", page.markdown)
  end)
end

--- Starts the server anew.
function M.restart()
  vim.lsp.enable(NAME, false)
  for _, client in ipairs(vim.lsp.get_clients({ name = NAME })) do
    client:stop()
  end
  vim.wait(3000, function()
    return #vim.lsp.get_clients({ name = NAME }) == 0
  end, 20)
  vim.lsp.enable(NAME)
end

return M
