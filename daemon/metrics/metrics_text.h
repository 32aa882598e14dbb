// What the daemon tells about itself, in the text that Prometheus reads: the same reports that people see as
// tables (report_text.h), and what every process tells.
//
// Counters begin at 0 with the daemon and never go back while it lives: what it has inherited is left out,
// since the copy that a killed daemon leaves is a little older than what it last told, and Prometheus takes a
// counter that goes back for one that began anew at 0. A rule that a reload takes away takes its series
// along; when it comes back, it goes on from where it was. An entry whose match changes keeps its series, for
// which the counts of all that has had its number are added up. No label holds an address; the number of
// series is bounded by the policy and by `most_rules`. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace vpcwall {

// Seconds and bytes; a start is in seconds since 1970.
struct ProcessFigures {
  double start_seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
};

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

// `status` and `rules` are the answers to these verbs; `inherited` is what of `rules` an earlier process
// counted.
struct MetricsSources {
  const nlohmann::ordered_json& status;
  const nlohmann::ordered_json& rules;
  const nlohmann::ordered_json& inherited;
  ProcessFigures process;
};

// The first `most_rules` rules have series of their own.
[[nodiscard]] std::string metrics_text(const MetricsSources& sources, std::size_t most_rules);

}  // namespace vpcwall
