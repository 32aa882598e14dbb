// vpcwall replay POLICY CAPTURE: every packet of a capture through a policy, or through two that are
// compared.
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>

#include "cli/files/policy_file.h"
#include "cli/replay/annotated_file.h"
#include "cli/replay/capture_file.h"
#include "cli/replay/replay_json.h"
#include "cli/replay/replay_text.h"
#include "cli/verbs.h"

namespace vpcwall {
namespace {

struct ReplayOptions {
  std::string policy, capture;
  std::string against;    // empty: no comparison
  std::string interface;  // empty: the addresses say which interfaces take part
  std::string direction;
  std::string write;
  std::size_t limit = 1000;
  bool packets = false;
  bool denied = false;
  bool json = false;
};

// The name of a file need not be UTF-8; JSON has to be.
std::string json_text(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

int complain(const std::string& message) {
  std::cerr << "vpcwall: " << message << '\n';
  return exit_status::bad_input;
}

// What CLI11 cannot check; empty when there is nothing to say.
std::string contradiction(const ReplayOptions& options) {
  const int inputs =
      (options.policy == "-" ? 1 : 0) + (options.capture == "-" ? 1 : 0) + (options.against == "-" ? 1 : 0);
  if (inputs > 1) return "found - more than once, expected it for one file: standard input is read once";
  std::error_code ignored;
  if (!options.write.empty() && std::filesystem::equivalent(options.write, options.capture, ignored))
    return "--write: " + options.write + " is the capture itself; give another name";
  return {};
}

class Run {
 public:
  Run(const ReplayOptions& options, CaptureFile& file)
      : options_(options),
        file_(file),
        colour_(!options.json && ::isatty(STDOUT_FILENO) == 1),
        capture_(options.capture == "-" ? "stdin" : options.capture, file.link_type()) {}

  // False, with every reason on standard error: the policy cannot be used.
  bool take(const std::string& path) {
    const PolicyFile policy = read_policy_file(path);
    print_diagnostics(policy.diagnostics, false);
    if (!policy.policy) return false;
    capture_.policies.push_back(std::make_unique<PlayedPolicy>(path, *policy.policy));
    if (options_.interface.empty()) return true;
    std::optional<Direction> direction;
    if (!options_.direction.empty())
      direction = options_.direction == "egress" ? Direction::egress : Direction::ingress;
    if (capture_.policies.back()->replay.watch(options_.interface, direction)) return true;
    complain("--interface: found \"" + options_.interface +
             "\", expected the name or id of an interface of " + path);
    return false;
  }

  int play() {
    if (!options_.write.empty()) annotated_ = std::make_unique<AnnotatedFile>(options_.write, capture_);
    while (const auto frame = file_.next()) play(*frame);
    capture_.damage = file_.damage();
    if (annotated_) annotated_->commit();
    report();
    if (!capture_.damage.empty()) {
      std::cerr << capture_.damage << '\n'
                << "vpcwall: the " << capture_.frames << " packets before it are reported\n";
      return exit_status::bad_input;
    }
    return capture_.differing() > 0 ? exit_status::negative : exit_status::ok;
  }

 private:
  void play(const CapturedFrame& frame) {
    if (++capture_.frames == 1) capture_.begun = frame.time;
    PlayedFrame played{frame.time, capture_.arrivals.next(frame), {}};
    for (const auto& policy : capture_.policies)
      played.decisions.push_back(policy->replay.judge(played.arrival));
    capture_.length = played.arrival.at;
    if (played.differs()) count_difference(played);
    if (annotated_) annotated_->add(frame, played, capture_);
    if (is_listed(played)) list(played);
  }

  void count_difference(const PlayedFrame& played) {
    ++(played.is_dropped() ? capture_.only_second_accepts : capture_.only_first_accepts);
    if (Conversation* conversation = capture_.policies[0]->replay.conversation()) ++conversation->differing;
  }

  [[nodiscard]] bool is_listed(const PlayedFrame& played) const {
    if (capture_.is_comparison())
      return played.differs() &&
             (options_.packets || (!options_.json && capture_.differing() <= options_.limit));
    return options_.denied ? played.is_dropped() : options_.packets;
  }

  void list(const PlayedFrame& played) {
    if (options_.json) {
      if (options_.packets) std::cout << json_text(frame_json(played, capture_), -1);
      return;
    }
    if (!titled_) std::cout << frame_title(capture_);
    titled_ = true;
    std::cout << frame_text(played, capture_, colour_);
  }

  void report() const {
    if (options_.json) {
      std::cout << json_text(summary_json(capture_, {options_.denied, options_.limit}),
                             options_.packets ? -1 : 2);
      return;
    }
    if (titled_) std::cout << '\n';
    if (capture_.is_comparison() && !options_.packets && capture_.differing() > options_.limit)
      std::cout << "and " << capture_.differing() - options_.limit
                << " more packets that are judged differently; --packets shows all\n\n";
    std::cout << summary_text(capture_, {options_.denied, options_.limit});
  }

  const ReplayOptions& options_;
  CaptureFile& file_;
  bool colour_;
  bool titled_ = false;
  PlayedCapture capture_;
  std::unique_ptr<AnnotatedFile> annotated_;
};

int replay(const ReplayOptions& options) {
  if (const std::string problem = contradiction(options); !problem.empty()) return complain(problem);
  auto file = CaptureFile::open(options.capture);
  if (!file) {
    std::cerr << file.error() << '\n';
    return exit_status::bad_input;
  }
  Run run(options, *file);
  const bool good = run.take(options.policy);
  if (!(options.against.empty() || run.take(options.against)) || !good) return exit_status::bad_input;
  try {
    return run.play();
  } catch (const std::system_error& error) {
    return complain(error.what());
  }
}

}  // namespace

void add_replay_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("replay", "Judge the packets of a capture file");
  const auto options = std::make_shared<ReplayOptions>();
  verb->add_option("POLICY", options->policy, "Policy file")->type_name("FILE")->required();
  verb->add_option("CAPTURE", options->capture, "Capture file, pcap or pcapng; - is standard input")
      ->type_name("FILE")
      ->required();
  auto* against =
      verb->add_option("--against", options->against, "Another policy: show what the two judge differently")
          ->type_name("FILE");
  verb->add_flag("--packets", options->packets, "Show every packet (with --against: all that differ)");
  verb->add_flag("--denied", options->denied,
                 "Show the packets and conversations that are refused, no others")
      ->excludes(against);
  auto* interface = verb->add_option("--interface", options->interface,
                                     "The interface at which the capture was taken: ask only its gates");
  verb->add_option("--direction", options->direction,
                   "Of --interface: every packet goes in (ingress), or out (egress)")
      ->check(CLI::IsMember({"ingress", "egress"}))
      ->needs(interface);
  verb->add_option("--write", options->write,
                   "Write the capture as pcapng, each decision as its packet's comment")
      ->type_name("FILE");
  verb->add_option("--limit", options->limit, "Conversations, and differing packets, to show")
      ->capture_default_str();
  verb->add_flag("--json", options->json, "Print JSON; with --packets JSON lines");
  verb->callback([options, &exit_status] { exit_status = replay(*options); });
}

}  // namespace vpcwall
