// From a text to a policy that can come into force at once: it is read, kept, checked and made ready to
// match. Whatever takes time or may fail, without the one thing that others see.
//
//   Preparation made = prepare_policy(order, stop);     // on a thread of its own: background_job.h
//
// Nothing here throws: what went wrong is among the diagnostics. Asked to stop, it ends before its next step.
// A preparation that is destroyed leaves nothing.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/change/durable_file.h"
#include "runtime/prepared_policy.h"

namespace vpcwall {

// A policy as text, with the name that diagnostics give it.
struct PolicyText {
  std::string text;
  std::string name;
};

struct PreparationOrder {
  std::function<PolicyText()> read;  // throws std::runtime_error with a sentence
  std::string keep_at;               // the file that the text is to become; empty: it is kept already
  bool needs_way_back = false;
  std::shared_ptr<const PreparedPolicy> in_force;  // never null
  std::uint64_t generation = 0;                    // that will probably be its
  // Of its devices, those that are here. Runs on the thread of the preparation.
  std::function<std::vector<DeviceBinding>(const Policy&)> devices;
};

struct Preparation {
  PolicyText text;
  std::string digest;                              // of the text
  std::vector<std::string> diagnostics;            // errors and warnings, a line each
  std::unique_ptr<DurableFile> file;               // written beside `keep_at`, to be committed
  std::shared_ptr<const PreparedPolicy> policy;    // null: refused
  std::shared_ptr<const PreparedPolicy> way_back;  // from it to what was in force
};

[[nodiscard]] Preparation prepare_policy(const PreparationOrder& order, const std::stop_token& stop);

}  // namespace vpcwall
