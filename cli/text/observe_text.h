// The lines of an observation for people, from the JSON lines that the daemon sends: one row per decision,
// in columns that grow with what has to stand in them and never shrink. The schema is vpcwall/observe/1.
#pragma once

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace vpcwall {

class ObserveText {
 public:
  // `colour`: mark drops and accepts with ANSI colours too; the words always say it.
  explicit ObserveText(bool colour) : colour_(colour) {}

  [[nodiscard]] std::string titles() const;
  // One event, with its line end; nothing for one that people need not see.
  [[nodiscard]] std::string line(const nlohmann::ordered_json& event);
  // How the observation went, from its "end" event.
  [[nodiscard]] static std::string summary(const nlohmann::ordered_json& end);

 private:
  static constexpr std::size_t columns = 5;
  using Row = std::array<std::string, columns>;  // time, verdict, protocol, source, destination

  [[nodiscard]] std::string row(const Row& cells, const std::string& last);
  [[nodiscard]] std::string note(const std::string& text) const;

  bool colour_;
  std::array<std::size_t, columns> widths_{12, 7, 8, 21, 21};  // enough for IPv4
};

}  // namespace vpcwall
