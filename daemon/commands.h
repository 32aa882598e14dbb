// What each verb of the control socket does; also the one place where a policy file becomes the policy in
// force, whether a signal or a request asked for it. Control thread only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/control_server.h"
#include "daemon/firewall.h"
#include "daemon/settings.h"
#include "explain/inquiry.h"

namespace vpcwall {

struct ReloadOutcome {
  std::vector<std::string> diagnostics;  // errors and warnings, a line each
  std::optional<ReloadReport> report;    // none: refused, and the old policy stays
  double milliseconds = 0;
};

class Commands {
 public:
  Commands(const Settings& settings, Firewall& firewall, TimePoint started);

  [[nodiscard]] ControlAnswer answer(const Request& request, const ControlPeer& peer);

  // Reads the policy file again and brings it into force, or says why not. Logs either.
  ReloadOutcome reload(const std::string& asked_by);

 private:
  [[nodiscard]] nlohmann::ordered_json status() const;
  [[nodiscard]] nlohmann::ordered_json flows(const Request& request) const;
  [[nodiscard]] nlohmann::ordered_json explain(const Request& request) const;
  [[nodiscard]] nlohmann::ordered_json explain(const Inquiry& inquiry) const;
  [[nodiscard]] nlohmann::ordered_json explain(const Event& event) const;
  [[nodiscard]] ControlAnswer observe(const Request& request);
  [[nodiscard]] nlohmann::ordered_json tap(const Request& request);
  [[nodiscard]] nlohmann::ordered_json decisions(const Request& request) const;
  [[nodiscard]] nlohmann::ordered_json advance(const Request& request, const std::string& asked_by);

  const Settings& settings_;
  Firewall& firewall_;
  TimePoint started_;
};

}  // namespace vpcwall
