#include "cli/lab/demo.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "cli/lab/demo_ephemeral_port.h"

namespace vpcwall {
namespace {

constexpr int exit_interrupted = 130;

bool wants_color(const DemoOptions& options) {
  const char* no_color = std::getenv("NO_COLOR");
  return !options.no_color && (no_color == nullptr || *no_color == '\0') && ::isatty(STDOUT_FILENO) == 1;
}

bool is_in_path(const std::string& program) {
  const char* search = std::getenv("PATH");
  std::istringstream directories(search != nullptr ? search : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (::access(directory.append("/").append(program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

void require_programs() {
  for (const char* program : {"curl", "python3"}) {
    if (!is_in_path(program)) {
      throw std::runtime_error("the story needs " + std::string{program} + ": apt-get install " + program);
    }
  }
}

void wait_for_enter() {
  std::cout << "\n  Enter goes on. " << std::flush;
  std::array<char, 1> key{};
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, key.data(), key.size());
    check_interrupted();
    if (count == 0 || (count > 0 && key[0] == '\n')) return;
    if (count < 0 && errno != EINTR) return;
  }
}

// Plays until a step does not behave as told: what comes after it would prove nothing.
void play(const DemoOptions& options, Narrator& narrator) {
  DemoStage stage(options, narrator, ephemeral_port_policy);
  const auto steps = ephemeral_port_steps();
  for (std::size_t i = 0; i < steps.size() && narrator.failures().empty(); ++i) {
    narrator.step(i + 1, steps.size(), steps[i].title);
    steps[i].play(stage);
    if (options.pause && i + 1 < steps.size() && narrator.failures().empty()) wait_for_enter();
  }
}

}  // namespace

int run_demo(const DemoOptions& options) {
  require_programs();
  catch_interruptions();
  Narrator narrator(std::cout, wants_color(options));
  narrator.headline(ephemeral_port_headline);
  try {
    play(options, narrator);
  } catch (const Interrupted&) {
    std::cout << "\ninterrupted; the lab is " << (options.keep ? "still up" : "gone") << std::endl;
    return exit_interrupted;
  }
  std::cout << '\n';
  for (const std::string& failure : narrator.failures()) std::cout << "NOT AS TOLD: " << failure << '\n';
  if (narrator.failures().empty()) std::cout << "The whole story was as told.\n";
  if (options.keep) {
    std::cout << "The lab is still up: vpcwall lab status --lab " << options.request.name
              << ", and vpcwall lab down --lab " << options.request.name << " ends it.\n";
  }
  std::cout.flush();
  return narrator.failures().empty() ? 0 : 1;
}

}  // namespace vpcwall
