// The lines of a trial for people, from the JSON lines that the daemon sends: one row per difference, in
// columns that grow with what has to stand in them and never shrink. The schema is vpcwall/shadow/1.
#pragma once

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vpcwall {

class ShadowText {
 public:
  // `colour`: mark drops and accepts with ANSI colours too; the words always say it.
  explicit ShadowText(bool colour) : colour_(colour) {}

  // One event, with its line ends; nothing for one that people need not see.
  [[nodiscard]] std::string line(const nlohmann::ordered_json& event);
  // How the trial went, from its "end" event.
  [[nodiscard]] static std::string summary(const nlohmann::ordered_json& end);

 private:
  static constexpr std::size_t columns = 4;
  using Row = std::array<std::string, columns>;  // protocol, source, destination, in force

  [[nodiscard]] std::string row(const Row& cells, const std::string& last);
  [[nodiscard]] std::string decision(const nlohmann::ordered_json& decision) const;

  bool colour_;
  std::array<std::size_t, columns> widths_{8, 21, 21, 24};  // enough for IPv4
  std::vector<Row> told_;                                   // by number of the difference
};

}  // namespace vpcwall
