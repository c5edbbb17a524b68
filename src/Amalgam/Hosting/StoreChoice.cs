using Amalgam.ControlPlane.Ports;
using Amalgam.Storage;
using Amalgam.Storage.Postgres;

namespace Amalgam.Hosting;

/// <summary>Where a cloud's journal is: what --store says, else what the data directory remembers, else its own file.</summary>
internal static class StoreChoice
{
    public const string Help = "postgres://USER@HOST:PORT/DATABASE instead of the data directory's own file (password: PGPASSWORD or PGPASSFILE)";

    /// <exception cref="CommandException">The address is none, or the folder belongs to another cloud.</exception>
    public static IJournalStore Of(string data, string? asked)
    {
        data = Path.GetFullPath(data);
        var (file, remembered) = (Path.Combine(data, "journal.db"), Remembered(data));
        if (asked is null)
        {
            return remembered is null ? new SqliteStore(file) : Postgres(remembered);
        }

        var store = Postgres(asked);
        if (remembered is not null && remembered != store.Name)
        {
            throw new CommandException($"{data} belongs to the cloud in {remembered}: choose another --data directory");
        }

        return remembered is not null || !File.Exists(file)
            ? store
            : throw new CommandException($"{data} holds a cloud of its own: move it with `amalgam backup FILE --data {data}` and `amalgam restore FILE --data {data} --store {store.Name}`, or choose another --data directory");
    }

    public static PostgresStore Postgres(string text)
    {
        try
        {
            return new PostgresStore(PostgresAddress.Parse(text));
        }
        catch (JournalException wrong)
        {
            throw new CommandException(wrong.Message, 2);
        }
    }

    /// <summary>From now on the folder belongs to that store; without --store it is found.</summary>
    public static void Remember(DataDirectory data, IJournalStore store)
    {
        if (store is PostgresStore && Remembered(data.Path) is null)
        {
            DataDirectory.WritePrivate(data.StoreFile, store.Name + "\n");
        }
    }

    private static string? Remembered(string data) => Path.Combine(data, "store") is var file && File.Exists(file) ? File.ReadAllText(file).Trim() : null;
}
