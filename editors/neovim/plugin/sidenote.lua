-- The commands of Sidenote; see `:help sidenote`.
if vim.g.loaded_sidenote then
  return
end
vim.g.loaded_sidenote = true

local function command(name, run, options)
  vim.api.nvim_create_user_command(name, function(arguments)
    require("sidenote")[run](arguments.args)
  end, options)
end

command("SidenoteExplain", "explain", { nargs = "?", desc = "Explain a rule, or that of the finding at the cursor" })
command("SidenoteFlow", "flow", { desc = "Show or hide the way of the data of the finding at the cursor" })
command("SidenoteFix", "fix", { desc = "Apply every safe fix of this buffer" })
command("SidenoteScan", "scan", { desc = "Scan the workspace into the quickfix list" })
command("SidenoteReport", "report", { desc = "A report of the workspace" })
command("SidenoteRestart", "restart", { desc = "Restart the server" })

-- What code actions and lenses name.
vim.lsp.commands["sidenote.explain"] = function(chosen)
  require("sidenote").explain((chosen.arguments or {})[1])
end
vim.lsp.commands["sidenote.report"] = function()
  require("sidenote").report()
end
