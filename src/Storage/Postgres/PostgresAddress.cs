using System.Globalization;
using System.Text.RegularExpressions;
using Amalgam.ControlPlane.Ports;
using Npgsql;

namespace Amalgam.Storage.Postgres;

/// <summary>
/// postgres://[USER@][HOST][:PORT]/DATABASE[?schema=S&amp;sslmode=M&amp;sslrootcert=FILE&amp;host=FOLDER]. A password is never part of it: PGPASSWORD, or the file that PGPASSFILE names
/// (else ~/.pgpass), because others can read a command line. <c>host</c> is the folder of a Unix socket. The form is libpq's (postgresql.org, "Connection URIs").
/// </summary>
public sealed partial record PostgresAddress
{
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required string Database { get; init; }

    public required string User { get; init; }

    public string Schema { get; init; } = "amalgam";

    public SslMode SslMode { get; init; } = SslMode.Prefer;

    public string? RootCertificate { get; init; }

    public static bool Is(string text) => text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal);

    /// <summary>Throws <see cref="JournalException"/> in one line that never repeats a password.</summary>
    public static PostgresAddress Parse(string text)
    {
        if (!Is(text) || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            throw new JournalException("a store is given as postgres://USER@HOST:PORT/DATABASE");
        }

        if (uri.UserInfo.Contains(':', StringComparison.Ordinal))
        {
            throw new JournalException("a password in the store's address can be read by everybody on this machine: leave it out, and set PGPASSWORD or write it into the file that PGPASSFILE names");
        }

        var user = Uri.UnescapeDataString(uri.UserInfo);
        var address = new PostgresAddress
        {
            Host = uri.Host.Length > 0 ? uri.Host : "localhost", Port = uri.Port > 0 ? uri.Port : 5432, Database = Uri.UnescapeDataString(uri.AbsolutePath.Trim('/')),
            User = user.Length > 0 ? user : Environment.UserName,
        };
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = (pair.Split('=')[0], Uri.UnescapeDataString(pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..]));
            address = address.With(name, value);
        }

        return address.Database.Length > 0 ? address : throw new JournalException("the store's address names no database: postgres://USER@HOST:PORT/DATABASE");
    }

    /// <summary>The whole address; there is no secret in it.</summary>
    public override string ToString()
    {
        var folder = Host.StartsWith('/');
        List<string> more = [];
        if (folder) more.Add($"host={Host}");
        if (Schema != "amalgam") more.Add($"schema={Schema}");
        if (SslMode != SslMode.Prefer) more.Add($"sslmode={Name(SslMode)}");
        if (RootCertificate is { } file) more.Add($"sslrootcert={Uri.EscapeDataString(file)}");
        var query = more.Count == 0 ? "" : "?" + string.Join('&', more);
        var place = folder ? (Port == 5432 ? "" : string.Create(CultureInfo.InvariantCulture, $"localhost:{Port}")) : string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':') ? $"[{Host.Trim('[', ']')}]" : Host)}:{Port}");
        return $"postgres://{Uri.EscapeDataString(User)}@{(place.Length == 0 ? "localhost" : place)}/{Uri.EscapeDataString(Database)}{query}";
    }

    internal NpgsqlConnectionStringBuilder Connection(string purpose) => new()
    {
        Host = Host.Trim('[', ']'), Port = Port, Database = Database, Username = User, SslMode = SslMode, RootCertificate = RootCertificate, ApplicationName = $"amalgam {purpose}",
        Pooling = false, Timeout = 5, CommandTimeout = 20, KeepAlive = 5, Enlist = false, IncludeErrorDetail = false,
    };

    private PostgresAddress With(string name, string value) => name switch
    {
        "host" when value.StartsWith('/') => this with { Host = value },
        "schema" when SchemaName().IsMatch(value) => this with { Schema = value },
        "schema" => throw new JournalException("the schema's name in the store's address may have small letters, digits and _, and begins with a letter"),
        "sslrootcert" => this with { RootCertificate = value },
        "sslmode" => this with { SslMode = Enum.GetValues<SslMode>().Where(mode => Name(mode) == value).Select(mode => (SslMode?)mode).FirstOrDefault() ?? throw new JournalException("sslmode is disable, allow, prefer, require, verify-ca or verify-full") },
        "user" => this with { User = value },
        "port" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) => this with { Port = port },
        "password" => throw new JournalException("a password in the store's address can be read by everybody on this machine: leave it out, and set PGPASSWORD or write it into the file that PGPASSFILE names"),
        _ => throw new JournalException($"the store's address may have schema, sslmode, sslrootcert and host (a socket's folder) behind the '?', not '{name}'"),
    };

    private static string Name(SslMode mode) => mode switch { SslMode.VerifyCA => "verify-ca", SslMode.VerifyFull => "verify-full", _ => mode.ToString().ToLowerInvariant() };

    [GeneratedRegex("^[a-z][a-z0-9_]{0,40}$")]
    private static partial Regex SchemaName();
}
