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

    /// <summary>Why what was appended waits for a store that is away and will be tried again; null in good health.</summary>
    string? Trouble => null;

    /// <summary>Whether <see cref="Trouble"/> can ever come and go.</summary>
    bool CanBeAway => false;
}

/// <summary>One clear line: what is wrong with the journal and what to do.</summary>
public class JournalException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Another control plane leads: what this one knows beyond the journal is worth nothing.</summary>
public sealed class DeposedException(string message) : JournalException(message);
