// vpcwall completion SHELL: what makes a shell complete `vpcwall`, made from the parser's own options.
#include <iostream>
#include <memory>

#include "cli/completion/scripts.h"
#include "cli/verbs.h"

namespace vpcwall {
namespace {

void print_completion(const CLI::App& app, const std::string& shell) {
  const CommandLine line = command_line_of(app);
  std::cout << (shell == "bash"  ? bash_completion("vpcwall", line)
                : shell == "zsh" ? zsh_completion("vpcwall", line)
                                 : fish_completion("vpcwall", line));
}

}  // namespace

void add_completion_verb(CLI::App& app, int& status) {
  auto* verb = app.add_subcommand("completion", "Print what makes a shell complete this command");
  const auto shell = std::make_shared<std::string>();
  verb->add_option("SHELL", *shell, "The shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->callback([&app, shell, &status] {
    print_completion(app, *shell);
    status = exit_status::ok;
  });
}

}  // namespace vpcwall
