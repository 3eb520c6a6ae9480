"""A typed client of the service.

    with Client("https://shop.example", key=os.environ["ATELIER_KEY"]) as atelier:
        for line in atelier.recommendations("10242", k=5).recommendations:
            print(line.rank, line.title)

Every operation of the OpenAPI document has a method, in the file of its subject;
tests/api/test_client.py compares the two and names what is missing.
"""

from api.client.client import Client
from api.client.errors import ServiceAway, ServiceRefused
from api.client.sending import Retries

__all__ = ["Client", "Retries", "ServiceAway", "ServiceRefused"]
