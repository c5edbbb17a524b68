using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;

namespace Amalgam.Storage;

/// <summary>Where a journal lies, for whatever does not lead the cloud: reading, proving, copying, filling. Every method throws <see cref="JournalException"/> with one clear line.</summary>
public interface IJournalStore
{
    /// <summary>As a person knows it; never with a password.</summary>
    string Name { get; }

    /// <summary>Beside a writer, without its chain being checked.</summary>
    IPastRecords Past { get; }

    /// <summary>Whether there is a journal with at least one record.</summary>
    bool HoldsCloud();

    /// <summary>Every record up to the last one when this began, each checked by the chain. May be in use.</summary>
    IEnumerable<JournalRecord> Read();

    /// <summary>Walks the chain. Throws naming the first damaged record.</summary>
    (long Records, string LastHash) Verify();

    /// <summary>A consistent copy as a journal file, which must not exist yet. May be in use.</summary>
    void CopyTo(string file);

    /// <summary>Takes over a journal file, whole or not at all. Refused where there is a journal already.</summary>
    void FillFrom(string file);
}

/// <summary>A journal file in a data directory.</summary>
public sealed class SqliteStore(string path) : IJournalStore
{
    public string Name => path;

    public IPastRecords Past { get; } = new JournalPast(path);

    public bool HoldsCloud() => File.Exists(path);

    public IEnumerable<JournalRecord> Read() => JournalFile.Read(path);

    public (long Records, string LastHash) Verify() => JournalFile.Verify(path);

    public void CopyTo(string file) => JournalFile.Copy(path, file);

    public void FillFrom(string file)
    {
        var fresh = path + ".new";
        foreach (var left in (string[])[fresh, fresh + "-wal", fresh + "-shm"])
        {
            File.Delete(left);
        }

        File.Copy(file, fresh);
        JournalFile.Verify(fresh);
        File.Delete(fresh + "-wal");
        File.Delete(fresh + "-shm");
        using (var kept = new FileStream(fresh, FileMode.Open, FileAccess.ReadWrite))
        {
            kept.Flush(flushToDisk: true);
        }

        File.Move(fresh, path);
    }
}
