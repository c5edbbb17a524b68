using System.Net;

namespace Amalgam.Hosting;

/// <summary>Where to listen. Beyond loopback only with TLS or an explicit --insecure.</summary>
internal sealed record ListenAddress(IPAddress Address, int Port, bool Tls)
{
    public string Url(int port)
    {
        var host = Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName()
            : Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address.ToString();
        return $"{(Tls ? "https" : "http")}://{host}:{port}";
    }

    public static ListenAddress Parse(UpOptions options)
    {
        var text = options.Listen.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal);
        if (!IPEndPoint.TryParse(text, out var end) || !text.Contains(':', StringComparison.Ordinal) || text.EndsWith(']'))
        {
            throw new CommandException($"--listen wants ADDRESS:PORT, for instance 127.0.0.1:8686, not '{options.Listen}'", 2);
        }

        var tls = options.Certificate is not null;
        if (!IPAddress.IsLoopback(end.Address) && !tls && !options.Insecure)
        {
            throw new CommandException($"{end.Address} can be reached from other machines: give --certificate and --certificate-key for TLS, or say --insecure if the network itself is trusted");
        }

        return new ListenAddress(end.Address, end.Port, tls);
    }
}
