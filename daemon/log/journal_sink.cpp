#include "daemon/log/journal_sink.h"

#define SD_JOURNAL_SUPPRESS_LOCATION  // which line of ours wrote it is nobody's business
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <vector>

#include "text/escape.h"

namespace vpcwall {
namespace {

thread_local const LogFields* current_fields = nullptr;  // NOLINT: what JournalFields is about

int priority(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::critical: return LOG_CRIT;
    case spdlog::level::err: return LOG_ERR;
    case spdlog::level::warn: return LOG_WARNING;
    case spdlog::level::trace:
    case spdlog::level::debug: return LOG_DEBUG;
    default: return LOG_INFO;
  }
}

// The library's own sink knows no fields beside the message.
class JournalSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    const std::string message = escaped({line.payload.data(), line.payload.size()});
    std::vector<std::string> fields{"MESSAGE=" + message, "PRIORITY=" + std::to_string(priority(line.level)),
                                    "SYSLOG_IDENTIFIER=vpcwalld"};
    if (current_fields != nullptr)
      for (const LogField& field : *current_fields)
        fields.push_back("VPCWALL_" + field.name + '=' + escaped(field.value));
    std::vector<iovec> vectors;
    vectors.reserve(fields.size());
    for (std::string& field : fields) vectors.push_back({field.data(), field.size()});
    if (::sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size())) == 0) return;
    const std::string text = message + '\n';
    // Nobody is left to hear of it when this fails as well.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  }
  void flush_() override {}
};

}  // namespace

bool is_journal_stream(int descriptor, std::string_view journal_stream) noexcept {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 &&
         journal_stream == std::to_string(facts.st_dev) + ':' + std::to_string(facts.st_ino);
}

std::shared_ptr<spdlog::sinks::sink> make_journal_sink() { return std::make_shared<JournalSink>(); }

JournalFields::JournalFields(const LogFields& fields) noexcept { current_fields = &fields; }
JournalFields::~JournalFields() { current_fields = nullptr; }

}  // namespace vpcwall
