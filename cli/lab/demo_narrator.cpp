#include "cli/lab/demo_narrator.h"

#include <algorithm>

namespace vpcwall {
namespace {

constexpr std::size_t text_width = 96;
constexpr std::string_view margin = "            ";  // labels stand in it

constexpr std::string_view bold = "1";
constexpr std::string_view dim = "2";
constexpr std::string_view red = "1;31";
constexpr std::string_view green = "32";
constexpr std::string_view cyan = "36";

}  // namespace

std::string Narrator::styled(std::string_view text, std::string_view style) const {
  if (!color_) return std::string{text};
  return "\033[" + std::string{style} + 'm' + std::string{text} + "\033[0m";
}

void Narrator::paragraph(std::string_view label, std::string_view text) {
  std::string line{label};
  line.resize(margin.size(), ' ');
  std::size_t column = margin.size();
  bool first = true;
  while (!text.empty()) {
    const std::size_t word_end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, word_end);
    text.remove_prefix(std::min(word_end + 1, text.size()));
    if (!first && column + 1 + word.size() > text_width) {
      out_ << line << '\n';
      line = margin;
      column = margin.size();
      first = true;
    }
    if (!first) line += ' ', ++column;
    line += word;
    column += word.size();
    first = false;
  }
  out_ << line << std::endl;
}

void Narrator::headline(std::string_view text) { out_ << styled(text, bold) << std::endl; }

void Narrator::step(std::size_t number, std::size_t count, std::string_view title) {
  step_ = "step " + std::to_string(number) + " (" + std::string{title} + ')';
  out_ << '\n'
       << styled(
              "Step " + std::to_string(number) + " of " + std::to_string(count) + ": " + std::string{title},
              bold)
       << std::endl;
}

void Narrator::tells(std::string_view text) { paragraph("", text); }

void Narrator::expects(std::string_view text) { paragraph("  expected", text); }

void Narrator::command(std::string_view text, std::string_view output) {
  out_ << "  command   " << styled("$ " + std::string{text}, cyan) << '\n';
  while (!output.empty()) {
    const std::size_t line_end = std::min(output.find('\n'), output.size());
    out_ << margin << "  " << output.substr(0, line_end) << '\n';
    output.remove_prefix(std::min(line_end + 1, output.size()));
  }
  out_.flush();
}

void Narrator::change(const std::vector<std::string>& difference) {
  std::string_view label = "  policy    ";
  for (const std::string& line : difference) {
    out_ << label << styled(line, line.starts_with('+') ? green : line.starts_with('-') ? red : dim) << '\n';
    label = margin;
  }
  out_.flush();
}

void Narrator::traffic(std::string_view text) { paragraph("  traffic", text); }

void Narrator::counters(const DemoCounters& moved) {
  std::string_view label = "  counted   ";
  for (const DemoRuleCount& rule : moved.rules) {
    const std::string packets = std::to_string(rule.packets);
    out_ << label << std::string(packets.size() < 3 ? 3 - packets.size() : 0, ' ') << styled(packets, bold)
         << " packets  " << describe(rule) << '\n';
    label = margin;
  }
  journey("  in", moved, "acl-ingress", "sg-ingress");
  journey("  out", moved, "sg-egress", "acl-egress");
}

void Narrator::journey(std::string_view label, const DemoCounters& moved, std::string_view first,
                       std::string_view second) {
  std::string text;
  for (const std::string_view gate : {first, second}) {
    std::string outcomes;
    for (const DemoGateCount& count : moved.gates) {
      if (count.gate != gate) continue;
      outcomes += (outcomes.empty() ? " " : ", ") + count.outcome + ' ' + std::to_string(count.packets);
    }
    if (!outcomes.empty()) text += (text.empty() ? "" : "  then  ") + std::string{gate} + ':' + outcomes;
  }
  if (!text.empty())
    out_ << (std::string{label} + std::string(margin.size() - label.size(), ' ')) << text << std::endl;
}

void Narrator::outcome(std::string_view what_happened, bool as_told) {
  out_ << "  outcome   " << styled(what_happened, as_told ? green : red) << std::endl;
}

void Narrator::check(bool as_told, std::string_view statement) {
  if (!as_told) failures_.push_back(step_ + ": " + std::string{statement});
  out_ << (as_told ? styled("  as told   ", green) : styled("NOT AS TOLD ", red)) << statement << std::endl;
}

}  // namespace vpcwall
