#include "daemon/hooks/xt_hooks.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "daemon/hooks/nft_objects.h"
#include "daemon/hooks/program.h"

namespace vpcwall {
namespace {

std::vector<Family> families() {
  // Without IPv6 in the kernel there is no IPv6 packet to take, and its rule tool only fails.
  if (access("/proc/thread-self/net/if_inet6", F_OK) != 0) return {Family::ipv4};
  return {Family::ipv4, Family::ipv6};
}

// The tools end their complaints with advice on usage; the first lines say what is wrong.
std::string first_lines(const std::string& text) {
  std::size_t end = text.find("Try `");
  if (end == std::string::npos) end = text.size();
  while (end != 0 && text[end - 1] == '\n') --end;
  return text.substr(0, end);
}

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

void XtHooks::install(const HookPlan& plan) {
  require_installable(plan);
  std::vector<Family> fresh;
  std::exception_ptr failure;
  for (const Family family : families()) {
    try {
      const XtState state = read_state(family);
      if (state.empty()) fresh.push_back(family);
      if (xt_hooks_needed(plan, family).empty()) {
        remove(family, state);
      } else {
        install(plan, family, state);
      }
    } catch (...) {
      if (!failure) failure = std::current_exception();
      if (!installed_) break;
      // Somebody answers already: the other family is guarded, whatever is wrong with this one.
    }
  }
  if (!failure) {
    installed_ = true;
    return;
  }
  // A start that fails must not leave one family queued with nobody to answer.
  if (!installed_)
    for (const Family family : fresh) remove(family, read_state(family));
  std::rethrow_exception(failure);
}

void XtHooks::install(const HookPlan& plan, Family family, const XtState& state) {
  std::vector<std::string> made = state.made;
  for (const std::string& object : made_[family])
    if (!contains(made, object)) made.push_back(object);
  if (!variant_.is_legacy()) {
    const std::vector<std::string> present = nft_objects(family, xt_table);
    std::vector<std::string> wanted = xt_hooks_needed(plan, family);
    wanted.emplace_back(nft_table_itself);
    for (const std::string& object : wanted) {
      if (!contains(present, object) && !contains(made, object)) made.push_back(object);
    }
  }
  restore(family, render_xt(plan, family, state, made));
  made_[family] = std::move(made);
}

void XtHooks::remove() {
  for (const Family family : families()) {
    if (!is_untouched(family)) remove(family, read_state(family));
  }
}

void XtHooks::remove(Family family, const XtState& state) const {
  if (state.empty()) return;
  restore(family, render_xt_removal(state));
  if (!variant_.is_legacy()) delete_unused_nft_objects(family, xt_table, state.made);
}

std::string XtHooks::refusal() {
  try {
    for (const Family family : families()) {
      std::vector<std::string> made;
      if (!variant_.is_legacy() && nft_objects(family, xt_table).empty()) made.emplace_back(nft_table_itself);
      restore(family, render_xt_probe(family));
      restore(family, render_xt_probe_removal());
      delete_unused_nft_objects(family, xt_table, made);
    }
    return {};
  } catch (const std::runtime_error& error) {  // also std::system_error: tool not installed
    return error.what();
  }
}

// The legacy kind writes a table as a whole, whoever changes it, and each time looks up every program anew by
// the name that it had.
std::string XtHooks::fast_path_refusal() {
  if (!variant_.is_legacy()) return {};
  return "rules of iptables-legacy need the names of the programs for ever; install iptables-nft";
}

// Of the table's other rules none: they are somebody else's business.
StandingRules XtHooks::standing() {
  StandingRules standing;
  for (const Family family : families()) {
    if (is_untouched(family)) continue;
    std::istringstream saved(save(family));
    for (std::string line; std::getline(saved, line);)
      if (line.find("VPCWALL-") != std::string::npos)
        standing.rules += line.substr(0, line.find(" [")) + '\n';
  }
  return standing;
}

XtState XtHooks::read_state(Family family) const { return read_xt_state(save(family)); }

std::string XtHooks::save(Family family) const {
  const std::string tool = std::string(family == Family::ipv4 ? variant_.ipv4 : variant_.ipv6) + "-save";
  const ProgramResult result = run_program({tool, "-t", std::string(xt_table)});
  if (result.status != 0) throw std::runtime_error(tool + ": " + first_lines(result.errors));
  return result.output;
}

void XtHooks::restore(Family family, const std::string& text) const {
  const std::string tool = std::string(family == Family::ipv4 ? variant_.ipv4 : variant_.ipv6) + "-restore";
  // The wait is for the lock that the legacy tools share.
  const ProgramResult result = run_program({tool, "--noflush", "--wait=5"}, text);
  if (result.status != 0) throw std::runtime_error(tool + ": " + first_lines(result.errors));
}

// Reading a legacy table would touch it, so the kernel's list of tables in use is asked first.
bool XtHooks::is_untouched(Family family) const {
  if (!variant_.is_legacy()) return false;
  const std::string prefix = family == Family::ipv4 ? "ip_" : "ip6_";
  std::ifstream names("/proc/thread-self/net/" + prefix + std::string(variant_.names_file));
  for (std::string name; names >> name;) {
    if (name == xt_table) return false;
  }
  return true;
}

}  // namespace vpcwall
