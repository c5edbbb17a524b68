using System.Net.Sockets;
using Amalgam.ControlPlane.Ports;
using Npgsql;

namespace Amalgam.Storage.Postgres;

/// <summary>What PostgreSQL's faults mean to a person, and which of them pass. Codes: postgresql.org, "PostgreSQL Error Codes".</summary>
internal static class PostgresFaults
{
    public static bool Is(Exception fault) => fault is NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException or InvalidOperationException;

    public static JournalException Explain(PostgresAddress store, Exception fault) => new(Line(store, fault), fault);

    /// <summary>Whether the same may succeed later without anybody changing the program: the server is away, starting, full, read-only, out of connections.</summary>
    public static bool Passes(Exception fault) => fault is PostgresException known
        ? known.SqlState is "25006" or "42501" or "28P01" or "28000" || known.SqlState[..2] is "08" or "53" or "57" or "58" or "40" or "55"
        : Is(fault);

    /// <summary>The server is there and not ready yet.</summary>
    public static bool Starts(Exception fault) => fault is PostgresException { SqlState: "57P03" };

    private static string Line(PostgresAddress store, Exception fault) => fault switch
    {
        PostgresException { SqlState: "28P01" } => $"{store}: the password of {store.User} was not accepted: set PGPASSWORD, or write it into the file that PGPASSFILE names",
        PostgresException { SqlState: "28000" } refused => $"{store}: the server lets {store.User} not in ({refused.MessageText}): see its pg_hba.conf",
        PostgresException { SqlState: "3D000" } => $"{store}: there is no database {store.Database}: make it with `createdb {store.Database}`",
        PostgresException { SqlState: "42501" } denied => $"{store}: {store.User} lacks a right ({denied.MessageText}): have the database's owner run `amalgam store prepare --store URL --grant {store.User}`",
        PostgresException { SqlState: "25006" } => $"{store}: the database is read-only: point --store at the primary server, or end default_transaction_read_only",
        PostgresException { SqlState: "53100" } full => $"{store}: the database's disk is full ({full.MessageText}): free space there; what waits is written then",
        PostgresException { SqlState: "53300" } => $"{store}: the server has no connection left: raise its max_connections",
        PostgresException { SqlState: "57P03" } => $"{store}: the server is starting or recovering: try again in a moment",
        PostgresException { SqlState: "57P01" or "57P02" } => $"{store}: the server is stopping",
        PostgresException known => $"{store}: {known.MessageText} ({known.SqlState})",
        NpgsqlException { InnerException: SocketException or TimeoutException } away => $"{store} cannot be reached ({away.InnerException!.Message.ReplaceLineEndings(" ")}): start the server, or correct the address",
        NpgsqlException missing when missing.Message.Contains("No password", StringComparison.Ordinal) => $"{store}: the server wants a password for {store.User}: set PGPASSWORD, or write it into the file that PGPASSFILE names",
        _ => $"{store}: {fault.Message.ReplaceLineEndings(" ")}",
    };
}
