using Amalgam.Core.Journal;

namespace Amalgam.ControlPlane.Ports;

/// <summary>Append-only, hash-chained, durable.</summary>
public interface IJournal
{
    /// <summary>Every record from the first to the last. Throws <see cref="JournalException"/> naming the first damaged one.</summary>
    IEnumerable<JournalRecord> ReadAll();

    /// <summary>
    /// Queues records, which must follow the last ones in sequence; calls must not overlap. The task is done when they are on disk; it fails when they
    /// are not, and from then on every call fails: nothing is acknowledged after a failed write.
    /// </summary>
    Task Append(IReadOnlyList<JournalRecord> records);
}

/// <summary>One clear line: what is wrong with the journal and what to do.</summary>
public sealed class JournalException(string message, Exception? inner = null) : Exception(message, inner);
