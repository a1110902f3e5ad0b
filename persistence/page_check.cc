#include "persistence/page_check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

// The format of LMDB 0.9, data version 1:
//
//   page 0, 1   meta pages: the roots of two trees as of the last two transactions
//   others      branch, leaf, or overflow (a value that does not fit into a leaf)
//
// One tree lists the pages that are free, by the transaction that freed them; the other is the main
// one, whose entries are the roots of the named tables.

namespace xref {
namespace {

static_assert(std::endian::native == std::endian::little);

using PageNumber = uint64_t;

constexpr PageNumber kNoPage = ~PageNumber{0};
constexpr uint32_t kMagic = 0xBEEFC0DE;
constexpr uint32_t kDataVersion = 1;
constexpr uint16_t kBranchPage = 0x01;
constexpr uint16_t kLeafPage = 0x02;
constexpr uint16_t kOverflowPage = 0x04;
constexpr uint16_t kMetaPage = 0x08;
constexpr uint16_t kIntegerKeys = 0x08;  // of a tree
constexpr uint16_t kInOverflow = 0x01;   // of a node
constexpr uint16_t kIsTree = 0x02;       // of a node
constexpr size_t kKeyBytesMax = 511;
constexpr size_t kDepthMax = 32;
constexpr uint64_t kPaceInterval = 256;
// A transaction may have taken pages at the end of the file that it did not need in the end.
constexpr uint64_t kUnwrittenPagesMax = 1 << 16;

struct PageHeader {
  PageNumber number;
  uint16_t unused;
  uint16_t flags;
  union {
    struct {
      uint16_t lower;  // end of the node pointers
      uint16_t upper;  // start of the nodes
    };
    uint32_t overflow_pages;
  };
};
static_assert(sizeof(PageHeader) == 16);

struct NodeHeader {
  uint16_t low;  // of a value's size or a child's page number
  uint16_t high;
  uint16_t flags;
  uint16_t key_bytes;
};
static_assert(sizeof(NodeHeader) == 8);

struct Tree {
  uint32_t page_bytes;  // in the tree of free pages only
  uint16_t flags;
  uint16_t depth;
  uint64_t branch_pages;
  uint64_t leaf_pages;
  uint64_t overflow_pages;
  uint64_t entries;
  PageNumber root;
};
static_assert(sizeof(Tree) == 48);

struct Meta {
  uint32_t magic;
  uint32_t version;
  uint64_t address;
  uint64_t map_bytes;
  Tree free;
  Tree main;
  PageNumber last_page;
  uint64_t transaction;
};
static_assert(sizeof(Meta) == 136);

template <typename T>
T Load(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// A node within its page, known to lie there whole.
struct Node {
  uint16_t flags;
  std::string_view key;
  std::string_view value;  // of a leaf; what is in overflow pages is not part of it
  uint64_t value_bytes;    // of a leaf, in overflow pages or not
  PageNumber child;        // of a branch
};

class PageWalk {
 public:
  PageWalk(const PagesToCheck& what, absl::FunctionRef<absl::Status(uint64_t)> pace)
      : what_(what), file_(what.path + "/data.mdb"), pace_(pace) {}
  ~PageWalk() {
    if (fd_ >= 0) close(fd_);
  }

  absl::StatusOr<uint64_t> Run() {
    if (auto status = ReadMeta(); !status.ok()) return status;
    reached_.resize(meta_.last_page + 1);
    std::vector<std::string> tables;
    const auto take_table = [&](const Node& node) {
      tables.emplace_back(node.key);
      return absl::OkStatus();
    };
    if (auto status = Walk(meta_.main, Kind::kMain, take_table); !status.ok()) return status;
    const bool complete =
        std::equal(tables.begin(), tables.end(), what_.tables.begin(), what_.tables.end());
    if (!complete && !tables.empty()) return Damage("it does not have the tables that it should");
    const auto take_free = [this](const Node& node) { return TakeFreePages(node); };
    if (auto status = Walk(meta_.free, Kind::kFree, take_free); !status.ok()) return status;
    for (const PageNumber page : free_pages_) {
      if (reached_[page]) return Damage(page, "it is listed as free, but in use");
      reached_[page] = true;
    }
    return examined_;
  }

 private:
  enum class Kind { kFree, kMain, kTable };
  using TakeNode = absl::FunctionRef<absl::Status(const Node&)>;

  // Keys from `from` on and below `to` belong under a page; nothing where there is no limit.
  struct KeyRange {
    std::optional<std::string_view> from;
    std::optional<std::string_view> to;
  };

  absl::Status Damage(std::string_view what) const {
    return absl::DataLossError(fmt::format("{} is damaged: {}", file_, what));
  }
  absl::Status Damage(PageNumber page, std::string_view what) const {
    return Damage(fmt::format("page {}: {}", page, what));
  }

  // ---- The file ----

  absl::Status ReadMeta() {
    fd_ = open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat file;
    if (fd_ < 0 || fstat(fd_, &file) != 0) {
      return absl::InternalError(fmt::format("{}: opening: {}", file_, std::strerror(errno)));
    }
    page_bytes_ = sizeof(PageHeader) + sizeof(Meta);
    std::string page;
    if (auto status = Read(0, 1, page); !status.ok()) return status;
    const uint32_t page_bytes = Load<Meta>(page, sizeof(PageHeader)).free.page_bytes;
    if (page_bytes < 512 || page_bytes > 65536 || !std::has_single_bit(page_bytes)) {
      return Damage(0, "it is not the first page of an LMDB file");
    }
    page_bytes_ = page_bytes;
    pages_in_file_ = static_cast<uint64_t>(file.st_size) / page_bytes_;

    // Transactions write the two meta pages by turns.
    Meta metas[2];
    for (const PageNumber number : {0, 1}) {
      if (auto status = Read(number, 1, page); !status.ok()) return status;
      metas[number] = Load<Meta>(page, sizeof(PageHeader));
      if (auto status = CheckMeta(number, page, metas[number]); !status.ok()) return status;
    }
    const uint64_t even = metas[0].transaction;
    const uint64_t odd = metas[1].transaction;
    const bool by_turns = even % 2 == 0 && (odd == even + 1 || odd + 1 == even);
    const bool follow = by_turns || (even == 0 && odd == 0);
    meta_ = odd > even ? metas[1] : metas[0];
    if (what_.transaction && meta_.transaction != *what_.transaction) {
      meta_ = odd > even ? metas[0] : metas[1];
    }
    if (follow && meta_.transaction == what_.transaction.value_or(meta_.transaction)) {
      return absl::OkStatus();
    }
    const absl::Status damage = Damage("its two meta pages do not follow one another");
    // Beside a daemon that writes, commits may have come between, or before, the reading of the
    // two.
    return what_.transaction ? absl::AbortedError(damage.message()) : damage;
  }

  absl::Status CheckMeta(PageNumber number, std::string_view page, const Meta& meta) const {
    if (Load<PageHeader>(page, 0).flags != kMetaPage || meta.magic != kMagic) {
      return Damage(number, "it is not a meta page");
    }
    if (meta.version != kDataVersion) {
      return absl::FailedPreconditionError(
          fmt::format("{} has version {} of LMDB's format, this program reads version {}", file_,
                      meta.version, kDataVersion));
    }
    const bool sound = meta.free.page_bytes == page_bytes_ && meta.free.flags == kIntegerKeys &&
                       meta.main.flags == 0 && meta.last_page >= 1;
    if (!sound) return Damage(number, "the meta page contradicts itself");
    if (meta.last_page > pages_in_file_ + kUnwrittenPagesMax) {
      return Damage(fmt::format("it was cut short: it has {} pages, and tells of {}",
                                pages_in_file_, meta.last_page + 1));
    }
    return absl::OkStatus();
  }

  absl::Status Read(PageNumber first, uint64_t pages, std::string& bytes) const {
    bytes.resize(pages * page_bytes_);
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t got = pread(fd_, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(first * page_bytes_ + done));
      if (got == 0) return Damage(first, "the file ends before it, or within it");
      if (got < 0 && errno != EINTR) {
        return Damage(first, fmt::format("it cannot be read: {}", std::strerror(errno)));
      }
      if (got > 0) done += static_cast<size_t>(got);
    }
    return absl::OkStatus();
  }

  // Reads pages that are reached for the first time; a second time is damage.
  absl::Status Reach(PageNumber first, uint64_t pages, std::string& bytes) {
    if (first < 2 || first > meta_.last_page || pages > meta_.last_page - first + 1) {
      return Damage(first, "it is beyond the last page");
    }
    for (PageNumber page = first; page < first + pages; ++page) {
      if (reached_[page]) return Damage(page, "two places point to it");
      reached_[page] = true;
      if (++examined_ % kPaceInterval == 0) {
        if (auto status = pace_(examined_); !status.ok()) return status;
      }
    }
    return Read(first, pages, bytes);
  }

  // ---- Trees ----

  absl::Status Walk(const Tree& tree, Kind kind, TakeNode take) {
    const bool empty = tree.root == kNoPage;
    const bool sound = tree.depth <= kDepthMax && empty == (tree.depth == 0) &&
                       tree.flags == (kind == Kind::kFree ? kIntegerKeys : 0);
    if (!sound) return Damage("the root of a table contradicts itself");
    uint64_t entries = 0;
    if (!empty) {
      const auto count = [&](const Node& node) {
        ++entries;
        return take(node);
      };
      if (auto status = Visit(tree.root, tree.depth, kind, {}, count); !status.ok()) return status;
    }
    if (entries != tree.entries) {
      return Damage(fmt::format("a table has {} entries, and tells of {}", entries, tree.entries));
    }
    return absl::OkStatus();
  }

  // `levels` counts this page and those under it.
  absl::Status Visit(PageNumber number, size_t levels, Kind kind, const KeyRange& range,
                     TakeNode take) {
    std::string page;
    if (auto status = Reach(number, 1, page); !status.ok()) return status;
    const auto header = Load<PageHeader>(page, 0);
    const bool leaf = levels == 1;
    if (header.number != number || header.flags != (leaf ? kLeafPage : kBranchPage)) {
      return Damage(number, "it is not the page that belongs there");
    }
    const size_t nodes = (header.lower - sizeof(PageHeader)) / sizeof(uint16_t);
    const bool sound = header.lower >= sizeof(PageHeader) && header.lower % 2 == 0 &&
                       header.lower <= header.upper && header.upper <= page_bytes_ &&
                       nodes >= (leaf || kind == Kind::kFree ? 1 : 2);
    if (!sound) return Damage(number, "its header contradicts itself");

    size_t bytes_of_nodes = 0;
    std::vector<std::pair<PageNumber, std::string_view>> children;
    std::optional<std::string_view> before;
    for (size_t i = 0; i < nodes; ++i) {
      Node node;
      if (!ReadNode(page, header, i, leaf, node, bytes_of_nodes)) {
        return Damage(number, fmt::format("node {} contradicts itself", i));
      }
      // The first key of a branch stands for everything that is below the second.
      const bool has_key = leaf || i > 0;
      if (has_key) {
        const std::optional<std::string_view> from = before ? before : range.from;
        const bool ordered = IsKey(node.key, kind) &&
                             (!from || Compare(*from, node.key, kind) < (before ? 0 : 1)) &&
                             (!range.to || Compare(node.key, *range.to, kind) < 0);
        if (!ordered) return Damage(number, fmt::format("key {} is out of order", i));
        before = node.key;
      }
      if (!leaf) {
        children.emplace_back(node.child, node.key);
        continue;
      }
      if (auto status = TakeLeaf(number, node, kind, take); !status.ok()) return status;
    }
    if (bytes_of_nodes != page_bytes_ - header.upper) {
      return Damage(number, "its nodes overlap, or leave gaps");
    }
    for (size_t i = 0; i < children.size(); ++i) {
      const bool last = i + 1 == children.size();
      const KeyRange under{i == 0 ? range.from : children[i].second,
                           last ? range.to : children[i + 1].second};
      const auto status = Visit(children[i].first, levels - 1, kind, under, take);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  static bool IsKey(std::string_view key, Kind kind) {
    return kind == Kind::kFree ? key.size() == sizeof(uint64_t)
                               : !key.empty() && key.size() <= kKeyBytesMax;
  }

  static int Compare(std::string_view a, std::string_view b, Kind kind) {
    if (kind != Kind::kFree) return a.compare(b);
    const auto x = Load<uint64_t>(a, 0);
    const auto y = Load<uint64_t>(b, 0);
    return x < y ? -1 : x > y ? 1 : 0;
  }

  bool ReadNode(std::string_view page, const PageHeader& header, size_t i, bool leaf, Node& node,
                size_t& bytes_of_nodes) const {
    const size_t at = Load<uint16_t>(page, sizeof(PageHeader) + i * sizeof(uint16_t));
    if (at < header.upper || at % 2 != 0 || at + sizeof(NodeHeader) > page_bytes_) return false;
    const auto raw = Load<NodeHeader>(page, at);
    node.flags = leaf ? raw.flags : 0;
    node.value_bytes = raw.low | uint64_t{raw.high} << 16;
    node.child = node.value_bytes | uint64_t{raw.flags} << 32;
    const bool overflows = (node.flags & kInOverflow) != 0;
    const size_t value_here = !leaf ? 0 : overflows ? sizeof(PageNumber) : node.value_bytes;
    const size_t bytes = sizeof(NodeHeader) + raw.key_bytes + value_here;
    if (at + bytes > page_bytes_) return false;
    node.key = page.substr(at + sizeof(NodeHeader), raw.key_bytes);
    node.value = page.substr(at + sizeof(NodeHeader) + raw.key_bytes, value_here);
    bytes_of_nodes += bytes + bytes % 2;
    return true;
  }

  absl::Status TakeLeaf(PageNumber page, Node& node, Kind kind, TakeNode take) {
    if (kind == Kind::kMain) {
      if (node.flags != kIsTree || node.value.size() != sizeof(Tree)) {
        return Damage(page, "an entry is not the root of a table");
      }
      const auto nothing = [](const Node&) { return absl::OkStatus(); };
      const auto status = Walk(Load<Tree>(node.value, 0), Kind::kTable, nothing);
      return status.ok() ? take(node) : status;
    }
    if (node.flags == 0) return take(node);
    if (node.flags != kInOverflow) return Damage(page, "a node is of an unknown kind");
    const auto first = Load<PageNumber>(node.value, 0);
    const uint64_t needed = (sizeof(PageHeader) + node.value_bytes + page_bytes_ - 1) / page_bytes_;
    std::string value;
    if (auto status = Reach(first, needed, value); !status.ok()) return status;
    const auto header = Load<PageHeader>(value, 0);
    const bool sound = header.number == first && header.flags == kOverflowPage &&
                       header.overflow_pages >= needed &&
                       header.overflow_pages <= meta_.last_page - first + 1;
    if (!sound) return Damage(first, "it is not the start of the value that belongs there");
    // It may have been taken for a longer value than it has now.
    for (PageNumber spare = first + needed; spare < first + header.overflow_pages; ++spare) {
      if (reached_[spare]) return Damage(spare, "two places point to it");
      reached_[spare] = true;
    }
    node.value = std::string_view(value).substr(sizeof(PageHeader), node.value_bytes);
    return take(node);
  }

  // A list of pages: how many, and their numbers in descending order.
  absl::Status TakeFreePages(const Node& node) {
    const uint64_t room = node.value.size() / sizeof(PageNumber);
    const uint64_t count = room == 0 ? 0 : Load<uint64_t>(node.value, 0);
    // LMDB takes the number 0 for none, and would take the pages of such a list twice.
    const auto freed_by = Load<uint64_t>(node.key, 0);
    const bool sound = room > count && freed_by > 0 && freed_by <= meta_.transaction;
    if (!sound) return Damage("a list of free pages contradicts itself");
    PageNumber before = meta_.last_page + 1;
    for (uint64_t i = 1; i <= count; ++i) {
      const auto page = Load<PageNumber>(node.value, i * sizeof(PageNumber));
      if (page < 2 || page >= before) return Damage("a list of free pages is out of order");
      free_pages_.push_back(page);
      before = page;
    }
    return absl::OkStatus();
  }

  const PagesToCheck& what_;
  const std::string file_;
  const absl::FunctionRef<absl::Status(uint64_t)> pace_;
  int fd_ = -1;
  uint64_t page_bytes_ = 0;
  uint64_t pages_in_file_ = 0;
  Meta meta_{};
  std::vector<bool> reached_;  // by page number
  std::vector<PageNumber> free_pages_;
  uint64_t examined_ = 0;
};

}  // namespace

absl::StatusOr<uint64_t> CheckPages(const PagesToCheck& what,
                                    absl::FunctionRef<absl::Status(uint64_t)> pace) {
  return PageWalk(what, pace).Run();
}

}  // namespace xref
