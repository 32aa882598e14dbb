#include "reach/reach_picture.h"

#include <algorithm>
#include <map>
#include <set>

#include "reach/reach_report.h"

namespace vpcwall {
namespace {

constexpr std::size_t cell_width = 150, cell_height = 44, letter_width = 8, margin = 16;
constexpr std::size_t letters_in_cell = cell_width / letter_width + 2;
constexpr std::size_t legend_height = 40;

std::string dot_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    if (letter == '\n')
      quoted += "\\n";
    else
      quoted += letter;
  }
  return quoted + '"';
}

std::string xml_text(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += letter;
    }
  }
  return escaped;
}

std::string family_suffix(const ReachRow& row) { return row.family == "both" ? "" : " (" + row.family + ')'; }

// At most so many letters of UTF-8.
std::string shortened(const std::string& text, std::size_t letters) {
  std::size_t count = 0, end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xc0) == 0x80) continue;
    if (count == letters - 1) end = i;
    if (++count > letters) return text.substr(0, end) + "…";
  }
  return text;
}

std::string element(std::size_t x, std::size_t y, const std::string& text,
                    const std::string& attributes = {}) {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\"" + attributes + ">" +
         xml_text(text) + "</text>\n";
}

std::string rectangle(std::size_t x, std::size_t y, std::size_t width, std::size_t height, const char* fill) {
  return "<rect x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"" +
         std::to_string(width) + "\" height=\"" + std::to_string(height) + "\" fill=\"" + fill +
         "\" stroke=\"#999\"/>\n";
}

struct MarkStyle {
  const char* fill;
  const char* word;  // so that colour is never the only sign
};
MarkStyle style_of(CellMark mark) noexcept {
  switch (mark) {
    case CellMark::answered: return {"#cfe8cf", "answered"};
    case CellMark::half_open: return {"#f9e0a6", "half open"};
    case CellMark::nothing: return {"#ffffff", ""};
    case CellMark::not_told: return {"#e4e4e4", ""};
  }
  return {"#ffffff", ""};  // GCOVR_EXCL_LINE: every value has its case
}

class SvgMatrix {
 public:
  explicit SvgMatrix(const Reach& reach) : reach_(reach) {
    for (const ReachRow& row : rows_of(reach)) rows_[{row.from, row.to}].push_back(row);
    std::size_t longest = 0;
    for (const std::size_t from : reach.from)
      longest = std::max(longest, reach.endpoints.all[from].name.size());
    left_ = margin + std::max<std::size_t>(longest, 8) * letter_width + margin;
  }

  [[nodiscard]] std::string draw() const {
    const std::size_t top = margin + cell_height;
    const std::size_t width = left_ + reach_.to.size() * cell_width + margin;
    const std::size_t height = top + reach_.from.size() * cell_height + legend_height;
    std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(width) +
                      "\" height=\"" + std::to_string(height) +
                      "\" font-family=\"sans-serif\" font-size=\"13\">\n<title>Who reaches whom</title>\n";
    svg += rectangle(0, 0, width, height, "#ffffff");
    svg += element(margin, top - 12, "from \\ to", " fill=\"#666\"");
    for (std::size_t column = 0; column < reach_.to.size(); ++column)
      svg += element(left_ + column * cell_width + cell_width / 2, top - 12,
                     shortened(reach_.endpoints.all[reach_.to[column]].name, letters_in_cell),
                     " text-anchor=\"middle\" font-weight=\"bold\"");
    for (std::size_t row = 0; row < reach_.from.size(); ++row) {
      const std::size_t y = top + row * cell_height;
      svg += element(margin, y + cell_height / 2 + 5, reach_.endpoints.all[reach_.from[row]].name,
                     " font-weight=\"bold\"");
      for (std::size_t column = 0; column < reach_.to.size(); ++column)
        svg += cell(left_ + column * cell_width, y, reach_.from[row], reach_.to[column]);
    }
    svg += element(
        margin, height - 14,
        "green: what reaches is answered; yellow: half open, not all that reaches is answered; white: "
        "nothing reaches; grey: not told",
        " fill=\"#666\" font-size=\"11\"");
    return svg + "</svg>\n";
  }

 private:
  [[nodiscard]] std::string cell(std::size_t x, std::size_t y, std::size_t from, std::size_t to) const {
    const MarkStyle style = style_of(mark_of(reach_, from, to));
    std::string traffic,
        tooltip = reach_.endpoints.all[from].name + " to " + reach_.endpoints.all[to].name + ": ";
    const auto rows = rows_.find({from, to});
    if (rows != rows_.end())
      for (const ReachRow& row : rows->second) {
        traffic += (traffic.empty() ? "" : ", ") + row.traffic;
        tooltip += '\n' + row.traffic + family_suffix(row) + ": reply " + row.reply_text;
      }
    else
      tooltip += from == to ? "itself" : "nothing";
    std::string drawn = "<g><title>" + xml_text(tooltip) + "</title>\n" +
                        rectangle(x, y, cell_width, cell_height, style.fill);
    if (!traffic.empty()) {
      drawn += element(x + 6, y + 18, shortened(traffic, letters_in_cell));
      drawn += element(x + 6, y + 35, style.word, " fill=\"#444\" font-size=\"11\"");
    }
    return drawn + "</g>\n";
  }

  const Reach& reach_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<ReachRow>> rows_;
  std::size_t left_ = 0;
};

}  // namespace

std::string reach_dot(const Reach& reach) {
  std::string dot =
      "digraph reach {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  std::set<std::size_t> shown(reach.from.begin(), reach.from.end());
  shown.insert(reach.to.begin(), reach.to.end());
  for (const std::size_t place : shown) {
    const Endpoint& endpoint = reach.endpoints.all[place];
    dot += "  " + dot_text(endpoint.name) +
           (endpoint.kind == EndpointKind::interface ? "" : " [shape=ellipse]") + ";\n";
  }
  for (const ReachRow& row : rows_of(reach)) {
    const bool half_open = row.reply == ReplyFate::blocked || row.reply == ReplyFate::partly;
    const std::string label =
        row.traffic + family_suffix(row) + (half_open ? "\nreply " + row.reply_text : "");
    dot += "  " + dot_text(reach.endpoints.all[row.from].name) + " -> " +
           dot_text(reach.endpoints.all[row.to].name) + " [label=" + dot_text(label) +
           (half_open ? ", style=dashed, color=\"#b07000\"" : "") + "];\n";
  }
  return dot + "}\n";
}

std::string reach_svg(const Reach& reach) { return SvgMatrix(reach).draw(); }

}  // namespace vpcwall
