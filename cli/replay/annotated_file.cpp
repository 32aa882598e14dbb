#include "cli/replay/annotated_file.h"

#include <filesystem>

#include "capture/pcapng.h"
#include "cli/replay/replay_text.h"

namespace vpcwall {
namespace {

std::string title(const PlayedCapture& capture) {
  std::string text = "judged by vpcwall with " + capture.policies[0]->file;
  if (capture.is_comparison()) text += " and " + capture.policies[1]->file;
  return text;
}

}  // namespace

AnnotatedFile::AnnotatedFile(const std::string& path, const PlayedCapture& capture) : file_(path) {
  append_section(block_, {"vpcwall " VPCWALL_VERSION, title(capture)});
  append_interface(block_, {capture.link_type, std::filesystem::path(capture.file).filename().string()});
  file_.write(block_);
}

void AnnotatedFile::add(const CapturedFrame& frame, const PlayedFrame& played, const PlayedCapture& capture) {
  std::vector<std::string> comments;
  for (std::size_t i = 0; i < played.decisions.size(); ++i) {
    const std::string who = capture.is_comparison() ? "vpcwall " + capture.policies[i]->file : "vpcwall";
    comments.push_back(who + ": " + fate_text(played, i, *capture.policies[i]));
  }
  block_.clear();
  append_packet(block_, frame, comments);
  file_.write(block_);
}

}  // namespace vpcwall
