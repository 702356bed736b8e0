;;; sidenote-eglot.el --- Sidenote as a language server of eglot  -*- lexical-binding: t -*-

;; Put `sidenote' on the PATH, load this file, then `M-x eglot'. Eglot talks to one server a buffer: where another one
;; is wanted too, run Sidenote by `sidenote scan' or use lsp-mode, whose `:add-on?' servers run beside others.

;;; Code:

(defvar sidenote-command '("sidenote" "lsp")
  "The program and its arguments.")

(defvar eglot-server-programs)

(with-eval-after-load 'eglot
  (dolist (mode '(rust-mode rust-ts-mode typescript-mode typescript-ts-mode tsx-ts-mode js-mode js-ts-mode js-jsx-mode))
    (add-to-list 'eglot-server-programs (cons mode (lambda (&rest _) sidenote-command)))))

(provide 'sidenote-eglot)
;;; sidenote-eglot.el ends here
