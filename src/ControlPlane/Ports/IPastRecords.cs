using Amalgam.Core.Journal;

namespace Amalgam.ControlPlane.Ports;

/// <summary>The journal's past, read beside the writer: nobody waits for it, and it waits for nobody.</summary>
public interface IPastRecords
{
    /// <summary>
    /// Charges that were recorded at <paramref name="fromMs"/> or later, up to a sequence number that is on disk, in their order. The chain of hashes is not checked here: that is
    /// `verify`'s work. Throws <see cref="JournalException"/>.
    /// </summary>
    IEnumerable<JournalRecord> Charges(long fromMs, long throughSequence);

    /// <summary>One record, whatever it is; null when there is none.</summary>
    JournalRecord? Find(long sequence);
}
