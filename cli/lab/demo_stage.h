// DemoStage: the lab of one story, its policy file, its servers, and the eyes on the daemon's counters.
//
// Made: the lab is up. Destroyed: the servers end and, unless it is to be kept, the lab is gone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/control/control_client.h"
#include "cli/lab/demo.h"
#include "cli/lab/demo_counters.h"
#include "cli/lab/demo_narrator.h"
#include "cli/lab/demo_policy.h"
#include "cli/lab/demo_traffic.h"
#include "cli/lab/lab_record.h"

namespace vpcwall {

class DemoStage {
 public:
  DemoStage(const DemoOptions& options, Narrator& narrator, std::string_view policy);
  ~DemoStage();
  DemoStage(const DemoStage&) = delete;
  DemoStage& operator=(const DemoStage&) = delete;

  [[nodiscard]] Narrator& narrator() noexcept { return narrator_; }
  [[nodiscard]] const LabRecord& record() const noexcept { return record_; }
  [[nodiscard]] const LabPaths& paths() const noexcept { return paths_; }
  // "vpcwall lab exec --lab demo NAME -- "
  [[nodiscard]] std::string exec_prefix(const std::string& name) const;

  // A real HTTP server in the endpoint `name`; returns when it accepts connections. The endpoint's kernel
  // gives up a half-open connection early, so that a reply of one step does not turn up in the counters of
  // the next.
  void start_web_server(const std::string& name, std::uint16_t port);
  void start_echo_server(const std::string& name, const std::vector<std::uint16_t>& ports);

  // Runs a program in an endpoint and shows command, output and exit status.
  FinishedProgram run(const std::string& name, const std::vector<std::string>& arguments);
  // This very program, with the verb `explain` and the stage's policy file.
  FinishedProgram explain(const std::string& source, const std::string& destination);
  [[nodiscard]] std::optional<EchoConnection> connect(std::uint16_t port, std::chrono::milliseconds limit);

  // Shows the changed lines, writes the file, sends SIGHUP, waits until the new generation is in force.
  // False, and told so, if the daemon did not take it.
  bool change_policy(const std::vector<PolicyEdit>& edits);

  // Counting starts here.
  void look();
  // What moved since look(). Waits, within a limit, until `enough` of it has: counters are published burst by
  // burst.
  [[nodiscard]] DemoCounters moved_since_look(const std::function<bool(const DemoCounters&)>& enough);

 private:
  [[nodiscard]] const LabEndpoint& endpoint(const std::string& name) const;
  [[nodiscard]] DemoCounters counters() const;
  [[nodiscard]] std::uint64_t generation() const;

  Narrator& narrator_;
  bool keep_;
  std::string lab_;
  std::string policy_text_;
  LabRecord record_;
  LabPaths paths_;
  ControlClient control_;
  DemoCounters at_look_;
  std::unique_ptr<EchoServer> echo_server_;
};

}  // namespace vpcwall
